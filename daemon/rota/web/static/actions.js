// Forms become requests: confirmed in a dialog where the catalog says so, sent once, answered in place.

const WAIT_MS = 10_000;

export class Actions {
  // `actionOf(form)` answers the action of the tree behind a form: {do, label, args, expect, rule, url}.
  constructor({ actionOf, csrf }) {
    this.actionOf = actionOf;
    this.csrf = csrf;
    document.addEventListener('submit', (event) => this.#submitted(event));
  }

  async #submitted(event) {
    const form = event.target.closest('form[data-do]');
    const action = form && this.csrf ? this.actionOf(form) : null;
    if (!action) return; // the form goes its own way, as without script
    if (action.rule.body.includes('note')) return; // so it does where a page asks for more than a yes
    event.preventDefault();
    const button = event.submitter ?? form.querySelector('button');
    if (button.disabled) return;
    if (action.rule.confirm && !(await confirmed(action.rule, action, button))) return;
    await this.#send(action, form, button);
  }

  async #send(action, form, button) {
    const done = requested(button);
    try {
      const answer = await fetch(action.url, {
        method: action.rule.method,
        headers: {
          'Content-Type': 'application/json',
          'X-CSRF-Token': this.csrf,
          'Idempotency-Key': crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`,
        },
        body: JSON.stringify(bodyOf(action, form)),
      });
      const value = await answer.json().catch(() => ({}));
      if (!answer.ok) return done(refusal(value), false);
      if (action.do === 'run.retry' && value.id !== action.args.run) location.assign(`/runs/${value.id}`);
      return done(value.job ? value.id : 'done', true, value.job ? `/runs/${value.id}` : '');
    } catch {
      return done('no answer: the daemon can’t be reached', false);
    }
  }
}

function bodyOf(action, form) {
  const body = {};
  if (action.expect) body.expect = action.expect;
  for (const name of action.rule.body ?? []) if (action.args[name] !== undefined) body[name] = action.args[name];
  const fields = [...form.elements].filter((field) => field.name.startsWith('params.'));
  if (fields.length) {
    body.params = Object.fromEntries(fields.map((field) => [field.name.slice(7), valueOf(field)]).filter(([, v]) => v !== undefined));
  }
  return body;
}

// A field's text as the type that the parameter takes; what does not read as it is sent as it is, and refused there.
function valueOf(field) {
  const type = field.dataset.type;
  if (type === 'string' && field.tagName !== 'SELECT') return field.value === '' && !field.required ? undefined : field.value;
  if (field.value === '') return undefined;
  if (type === 'string') return field.value;
  try {
    return JSON.parse(field.value);
  } catch {
    return field.value;
  }
}

// The button says "requested" until the answer is there; the page itself changes by its own news.
function requested(button) {
  const said = button.parentElement.querySelector('.asked') ?? document.createElement('span');
  said.className = 'asked';
  said.setAttribute('role', 'status');
  said.textContent = 'requested…';
  button.disabled = true;
  button.after(said);
  const late = setTimeout(() => { said.textContent = 'no answer yet'; }, WAIT_MS);
  return (text, good, href) => {
    clearTimeout(late);
    button.disabled = false; // its words are the page's: they may have changed with what was done
    said.dataset.tone = good ? 'ok' : 'failed';
    if (href) {
      const link = document.createElement('a');
      link.href = href;
      link.textContent = text;
      said.replaceChildren(link);
    } else said.textContent = text;
    setTimeout(() => said.remove(), good ? WAIT_MS : 3 * WAIT_MS);
  };
}

function refusal(problem) {
  const more = (problem.problems ?? []).map((item) => item.message).join(' ');
  return problem.problems?.length ? more : problem.detail ?? 'refused';
}

function confirmed(rule, action, trigger) {
  const dialog = document.createElement('dialog');
  dialog.className = 'confirm';
  dialog.setAttribute('aria-labelledby', 'confirm-title');
  const title = element('h2', rule.confirm.title);
  title.id = 'confirm-title';
  const subject = element('p', '');
  subject.append(element('code', Object.values(action.args).filter((value) => typeof value === 'string').join(' ')));
  const keep = element('button', 'Keep it');
  const go = element('button', action.label);
  keep.className = 'button';
  go.className = 'button';
  go.dataset.danger = rule.danger;
  keep.value = '';
  go.value = 'yes';
  const form = document.createElement('form');
  form.method = 'dialog';
  const row = element('div', '');
  row.className = 'actions';
  row.append(keep, go);
  form.append(title, subject, element('p', rule.confirm.body), row);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  (rule.danger === 'high' ? keep : go).focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      trigger.focus();
      resolve(dialog.returnValue === 'yes');
    });
  });
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
