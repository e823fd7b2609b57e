// Runs before the first paint, as a plain script: a chosen theme must not flash the other one.
(() => {
  const chosen = localStorage.getItem('rota-theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
})();
