// A log that goes on by itself: its stream takes over where the tree's lines end. Earlier lines on request.

import * as words from '../parts/format.js';

const KEPT = 5_000; // lines in the page; the raw text has them all
const EARLIER = 500;
const NEAR_END_PX = 24;

export class LogView {
  constructor({ box, live, zone }) {
    this.box = box;
    this.live = live;
    this.zone = zone;
    this.topic = box.dataset.stream;
    this.lines = box.querySelector('.log-lines');
    this.following = box.dataset.follow !== 'no';
    this.lines.dataset.taken = '';
    const shown = [...this.lines.querySelectorAll('[data-n]')];
    this.first = shown.length ? Number(shown[0].dataset.n) : 0;
    this.next = shown.length ? Number(shown.at(-1).dataset.n) + 1 : 0;
    this.#addTools();
    this.lines.addEventListener('scroll', () => this.#scrolled());
    if (this.following) this.#toEnd();
    if (!box.dataset.end) live.subscribe(this.topic, this);
  }

  close() {
    this.live.unsubscribe(this.topic);
  }

  // --- what the live connection asks of a reader ----------------------------------------------------------

  position() {
    return { line: this.next };
  }

  path() {
    return `${this.#route()}&from=${this.next}`;
  }

  take(frame) {
    // Over HTTP the same lines come without a kind.
    if (frame.t !== undefined && frame.t !== 'append') return true;
    this.#add(frame.lines.filter((line) => line.n >= this.next));
    this.next = Math.max(this.next, frame.next);
    if (frame.end) {
      this.box.dataset.end = 'yes';
      this.live.unsubscribe(this.topic);
    }
    return true;
  }

  // --- inside ---------------------------------------------------------------------------------------------

  #route() {
    const [, run, place] = this.topic.split('/');
    const dot = place.lastIndexOf('.');
    const step = encodeURIComponent(place.slice(0, dot));
    return `/api/v1/runs/${encodeURIComponent(run)}/log?step=${step}&attempt=${place.slice(dot + 1)}`;
  }

  #addTools() {
    const head = this.box.querySelector('.log-head');
    const tools = document.createElement('div');
    tools.className = 'log-tools';
    this.follow = tool(tools, 'follow', 'Follow', this.following, (on) => {
      this.following = on;
      if (on) this.#toEnd();
    });
    tool(tools, 'wrap', 'Wrap', this.box.dataset.wrap !== 'no', (on) => { this.box.dataset.wrap = on ? 'yes' : 'no'; });
    tool(tools, 'announce', 'Announce new lines', false, (on) => this.lines.setAttribute('aria-live', on ? 'polite' : 'off'));
    head.append(tools);
    this.earlier = document.createElement('button');
    this.earlier.type = 'button';
    this.earlier.className = 'button earlier';
    this.earlier.textContent = 'Load earlier lines';
    this.earlier.hidden = this.first === 0;
    this.earlier.addEventListener('click', () => this.#loadEarlier());
    this.lines.prepend(this.earlier);
  }

  async #loadEarlier() {
    this.earlier.disabled = true;
    const from = Math.max(0, this.first - EARLIER);
    const answer = await fetch(`${this.#route()}&from=${from}&limit=${this.first - from}`);
    if (answer.ok) {
      const page = await answer.json();
      const before = this.lines.scrollHeight;
      this.earlier.after(...page.lines.filter((line) => line.n < this.first).map((line) => this.#line(line)));
      this.lines.scrollTop += this.lines.scrollHeight - before;
      this.first = from;
    }
    this.earlier.disabled = false;
    this.earlier.hidden = this.first === 0;
  }

  #add(lines) {

    if (!lines.length) return;
    this.box.querySelector('.none')?.remove();
    this.lines.append(...lines.map((line) => this.#line(line)));
    while (this.lines.childElementCount > KEPT) {
      this.earlier.nextElementSibling.remove();
      this.first = Number(this.earlier.nextElementSibling.dataset.n);
      this.earlier.hidden = false;
    }
    if (this.following) this.#toEnd();
  }

  // The same shape as the catalog's LogEntry; text is only ever text.
  #line({ n, at, text, level = 'info' }) {
    const line = document.createElement('div');
    line.className = 'c-log-entry';
    line.dataset.n = n;
    line.dataset.level = level;
    line.append(span('n', String(n + 1)));
    if (at !== undefined) {
      const time = document.createElement('time');
      time.dateTime = words.iso(at);
      time.textContent = words.clock(at, this.zone);
      line.append(time);
    }
    if (level === 'warning' || level === 'error') line.append(span('level', level));
    line.append(span('line', text));
    return line;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.lines;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (atEnd === this.following) return;
    this.following = atEnd;
    this.follow.checked = atEnd;
  }

  #toEnd() {
    this.lines.scrollTop = this.lines.scrollHeight;
  }
}

function tool(tools, name, text, on, act) {
  const label = document.createElement('label');
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.name = name;
  box.checked = on;
  box.addEventListener('change', () => act(box.checked));
  label.append(box, ` ${text}`);
  tools.append(label);
  return box;
}

function span(name, text) {
  const made = document.createElement('span');
  made.className = name;
  made.textContent = text;
  return made;
}
