// The filter of the overview: rows that don't match are hidden at once; the address keeps it for others.

export function offerFilter(form, content) {
  const text = form.querySelector('[name=q]');
  const state = form.querySelector('[name=state]');
  const told = document.createElement('span');
  told.className = 'told';
  told.setAttribute('role', 'status');
  form.append(told);
  const served = new URLSearchParams(location.search);
  form.querySelector('button').hidden = true;
  form.querySelector('.clear')?.remove();

  const apply = () => {
    const q = text.value.trim().toLowerCase();
    let shown = 0;
    const rows = content.querySelectorAll('.c-job-row');
    for (const row of rows) {
      const fits = (!q || haystack(row).includes(q)) && (!state.value || row.dataset.state === state.value);
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    told.textContent = q || state.value ? `${shown} of ${rows.length} shown` : '';
    remember(q, state.value);
  };
  text.addEventListener('input', () => {
    if (needsServer(content, served)) return;
    apply();
  });
  text.addEventListener('change', () => needsServer(content, served) && form.submit());
  state.addEventListener('change', () => (needsServer(content, served) ? form.submit() : apply()));
  form.addEventListener('submit', (event) => {
    if (!needsServer(content, served)) event.preventDefault();
  });
  apply();
  return apply;
}

// When the table shows a page or a part of all jobs, only the daemon knows the rest.
function needsServer(content, served) {
  const partly = served.get('q') || served.get('state') || served.get('page');
  return Boolean(partly) || content.querySelector('[data-id="jobs.pager"]') !== null;
}

function haystack(row) {
  const cell = row.querySelector('.col-name');
  const { name } = row.dataset;
  return `${name} ${name.replaceAll('-', ' ')} ${cell ? cell.textContent : ''}`.toLowerCase();
}

function remember(q, state) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of [['q', q], ['state', state]]) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  history.replaceState(null, '', text ? `?${text}` : location.pathname);
}
