// Single keys, active only while no field has the focus, and switched off in the help.

const KEYS = [
  ['/', 'Filter jobs'],
  ['j  k', 'Next, previous row'],
  ['Enter', 'Open'],
  ['[  ]', 'Older, newer run'],
  ['l', 'Log'],
  ['r', 'Run now, or retry'],
  ['c', 'Cancel (asks first)'],
  ['f', 'Follow the log'],
  ['.', 'Freeze or unfreeze the view'],
  ['g o', 'Overview'],
  ['?', 'This help'],
  ['Esc', 'Close, clear the filter'],
];

export function offerKeys({ help, freeze }) {
  let before = '';
  help.hidden = false;
  help.addEventListener('click', showHelp);
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    const field = event.target.closest('input, select, textarea, [contenteditable]');
    if (field) {
      if (event.key === 'Escape') clear(field);
      return;
    }
    if (localStorage.getItem('rota-keys') === 'off' && event.key !== '?') return;
    const act = actionOf(before + event.key, event.key, freeze);
    before = event.key === 'g' ? 'g' : '';
    if (act) {
      event.preventDefault();
      act();
    }
  });
}

function actionOf(pair, key, freeze) {
  const single = {
    '/': () => document.querySelector('#filter-q')?.focus(),
    j: () => moveRow(1),
    k: () => moveRow(-1),
    '[': () => document.querySelector('a[rel=prev]')?.click(),
    ']': () => document.querySelector('a[rel=next]')?.click(),
    l: () => openLog(),
    r: () => press('job.run', 'job.fill_in', 'run.retry'),
    c: () => press('run.cancel'),
    f: () => document.querySelector('.log-tools [name=follow]')?.click(),
    '.': freeze,
    '?': showHelp,
  };
  if (pair === 'go') return () => location.assign('/');
  return single[key];
}

function moveRow(by) {
  const links = [...document.querySelectorAll('.c-job-row:not([hidden]) .col-name a, .c-run-table tbody a')];
  if (!links.length) return;
  const row = document.activeElement?.closest('tr');
  const at = links.findIndex((link) => row && row.contains(link));
  links[Math.max(0, Math.min(links.length - 1, at + by))].focus();
}

function openLog() {
  const link = document.activeElement?.closest('tr')?.querySelector('a[href^="/runs/"]');
  if (link) location.assign(`${link.getAttribute('href').split('#')[0]}#h-log`);
  else document.querySelector('.log-lines')?.focus();
}

function press(...names) {
  const scope = document.activeElement?.closest('tr') ?? document.querySelector('.page-head') ?? document;
  for (const name of names) {
    const button = scope.querySelector(`form[data-do="${name}"] button:not([disabled]), a[data-do="${name}"]`);
    if (button) return button.click();
  }
  return undefined;
}

function clear(field) {
  if (field.type === 'search' && field.value) {
    field.value = '';
    field.dispatchEvent(new Event('input', { bubbles: true }));
  } else field.blur();
}

function showHelp() {
  const dialog = document.createElement('dialog');
  dialog.className = 'help';
  const title = document.createElement('h2');
  title.textContent = 'Keys';
  const list = document.createElement('dl');
  for (const [key, does] of KEYS) {
    const term = document.createElement('dt');
    const kbd = document.createElement('kbd');
    kbd.textContent = key;
    term.append(kbd);
    const what = document.createElement('dd');
    what.textContent = does;
    list.append(term, what);
  }
  const label = document.createElement('label');
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.checked = localStorage.getItem('rota-keys') !== 'off';
  box.addEventListener('change', () => localStorage.setItem('rota-keys', box.checked ? 'on' : 'off'));
  label.append(box, ' Single keys are on');
  const form = document.createElement('form');
  form.method = 'dialog';
  const close = document.createElement('button');
  close.className = 'button';
  close.textContent = 'Close';
  form.append(close);
  dialog.append(title, list, label, form);
  document.body.append(dialog);
  dialog.addEventListener('close', () => dialog.remove());
  dialog.showModal();
  close.focus();
}
