// Light, dark, or as the system has it. The button says what is on, and what comes next.

const ORDER = ['system', 'light', 'dark'];
const SHAPES = { system: '◐', light: '○', dark: '●' };

export function offerThemes(button) {
  const show = () => {
    const now = current();
    const next = ORDER[(ORDER.indexOf(now) + 1) % ORDER.length];
    button.textContent = SHAPES[now];
    button.setAttribute('aria-label', `Theme: ${now}. Change to ${next}`);
    button.title = `Theme: ${now}`;
  };
  button.addEventListener('click', () => {
    choose(ORDER[(ORDER.indexOf(current()) + 1) % ORDER.length]);
    show();
  });
  button.hidden = false;
  show();
}

function current() {
  return document.documentElement.dataset.theme ?? 'system';
}

function choose(theme) {
  if (theme === 'system') {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem('rota-theme');
    return;
  }
  document.documentElement.dataset.theme = theme;
  localStorage.setItem('rota-theme', theme);
}
