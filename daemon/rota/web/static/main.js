// The page comes complete from the server; from here on it keeps itself current.

import { CATALOG } from '../parts/catalog.js';
import { Renderer } from '../parts/render.js';
import { Actions } from './actions.js';
import { offerFilter } from './filter.js';
import { offerKeys } from './keys.js';
import { LinkState } from './link_state.js';
import { Live } from './live.js';
import { LogView } from './log.js';
import { offerThemes } from './theme_switch.js';
import { TreeReader } from './tree_reader.js';

const byId = (id) => document.getElementById(id);
const tree = JSON.parse(byId('tree').textContent);
const csrf = document.querySelector('meta[name=rota-csrf]')?.content ?? '';
const content = byId('content');

let offset = tree.now - Date.now(); // the daemon's clock counts, not this machine's
const link = new LinkState(byId('link-state'), byId('stale'));
const live = new Live({
  catalog: CATALOG,
  onState: (state, lastFrame) => link.set(state, lastFrame),
  onSay: say,
  onClock: (difference) => {
    offset = difference;
    link.clock(difference);
  },
});
const renderer = new Renderer({
  mount: content,
  csrf,
  canAct: csrf !== '',
  now: () => Date.now() + offset,
  report: (id, code, message) => live.report(tree.topic, id, code, message),
});
renderer.hydrate(tree);

const filter = byId('filter') ? offerFilter(byId('filter'), content) : () => {};
const logs = new Map();
const reader = new TreeReader({ renderer, tree, onChange: changed, onGone: gone });
reader.onRefused = () => live.subscribe(tree.topic, Object.assign(reader, { epoch: '' }));
live.subscribe(tree.topic, reader);
live.start();
new Actions({ actionOf: (form) => renderer.action(form), csrf });
offerThemes(byId('theme'));
offerKeys({ help: byId('help'), freeze });
byId('freeze').hidden = false;
byId('freeze').addEventListener('click', freeze);
content.addEventListener('rota:waiting', (event) => offerOrder(event.target, event.detail.moved));
setInterval(() => document.hidden || live.frozen || renderer.tick(), 1_000);
placeFilter();
followLogs();

function changed() {
  placeFilter();
  followLogs();
  filter();
  showTitle();
}

// Beside the heading of the table, where it belongs; without script it stands above the page.
function placeFilter() {
  const head = content.querySelector('[data-id="all"] > .section-head');
  const form = byId('filter');
  if (form && head && form.parentElement !== head) head.append(form);
}

// Each LogTail's lines belong to its stream from here on.
function followLogs() {
  for (const [box, log] of logs) {
    if (box.isConnected && box.dataset.stream === log.topic) continue;
    log.close();
    logs.delete(box);
  }
  const zone = renderer.elements.get(renderer.root)?.props.zone ?? 'UTC';
  for (const box of content.querySelectorAll('.c-log[data-stream]')) {
    if (!logs.has(box)) logs.set(box, new LogView({ box, live, zone }));
  }
}

function showTitle() {
  const { title, attention } = renderer.elements.get(renderer.root)?.props ?? {};
  document.title = `${attention ? `(${attention}) ` : ''}${title} – rota`;
  const icon = document.querySelector('link[rel=icon]');
  icon.href = attention ? icon.dataset.alarm : icon.dataset.calm;
}

function say({ level, text }) {
  byId(level === 'assertive' ? 'say-assertive' : 'say-polite').textContent = text;
}

function gone(why) {
  const banner = byId('stale');
  banner.textContent = why;
  banner.hidden = false;
}

function freeze() {
  const frozen = !live.frozen;
  byId('freeze').setAttribute('aria-pressed', String(frozen));
  byId('freeze').textContent = frozen ? 'Unfreeze' : 'Freeze view';
  live.freeze(frozen);
}

// The order of a list waits while somebody is inside.
function offerOrder(list, moved) {
  const table = list.closest('.c-job-table') ?? list;
  let chip = table.querySelector(':scope > .order-chip');
  if (!moved) return chip?.remove();
  if (!chip) {
    chip = document.createElement('button');
    chip.type = 'button';
    chip.className = 'order-chip';
    chip.addEventListener('click', () => {
      document.activeElement?.blur();
      renderer.settle();
    });
    table.append(chip);
  }
  chip.textContent = moved === 1 ? '1 change, apply' : `${moved} changes, apply`;
  return undefined;
}

showTitle();
