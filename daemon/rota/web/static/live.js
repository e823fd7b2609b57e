// The live protocol (docs/protocol.md): one WebSocket, topics from a position, polling when there is no socket.

const PROTOCOL = 'render-tree.v1';
const DEAD_MS = 40_000; // no frame for so long: the connection is dead
const FAILURES_UNTIL_POLLING = 5;
const POLL_MS = 5_000;
const POLL_HIDDEN_MS = 30_000;
const BASE_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
const SOCKET_WHILE_POLLING_MS = 60_000;
const TOO_SLOW = 4008;
const FULL = 4009;

export class Live {
  // `topics` is a Map from topic to a reader: {position(), take(frame), path?}. A tree's position is {epoch, seq},
  // a log's is {line}. `onState` hears of live, reconnecting, polling, frozen and stopped.
  constructor({ catalog, onState, onSay, onClock }) {
    this.readers = new Map();
    this.catalog = catalog;
    this.onState = onState;
    this.onSay = onSay;
    this.onClock = onClock;
    this.failures = 0;
    this.frozen = false;
    this.lastFrame = Date.now();
    this.socket = null;
    this.greeted = false;
    this.timer = 0;
    this.poller = 0;
    this.open = false;
  }

  start() {
    this.open = true;
    document.addEventListener('visibilitychange', () => this.#woke());
    window.addEventListener('online', () => this.#reconnectNow());
    window.addEventListener('pagehide', () => this.#leave());
    window.addEventListener('pageshow', (event) => event.persisted && this.#reconnectNow());
    setInterval(() => this.#checkAlive(), 5_000);
    this.#connect();
  }

  subscribe(topic, reader) {
    this.readers.set(topic, reader);
    if (this.greeted) this.#sub(topic);
  }

  unsubscribe(topic) {
    this.readers.delete(topic);
    this.#send({ t: 'unsub', topic });
  }

  // Stop changing the page; one merged catch-up comes when it is let go.
  freeze(frozen) {
    this.frozen = frozen;
    this.#rate();
    this.onState(frozen ? 'frozen' : this.greeted ? 'live' : 'reconnecting', this.lastFrame);
  }

  report(topic, id, code, message) {
    this.#send({ t: 'report', topic, id, code, message });
  }

  // --- the socket -----------------------------------------------------------------------------------------

  #connect() {
    clearTimeout(this.timer);
    if (!this.open || this.socket) return;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/live`, PROTOCOL);
    this.socket = socket;
    this.greeted = false;
    socket.addEventListener('open', () => {
      this.lastFrame = Date.now();
      this.#send({ t: 'hello', v: 1, client: 'web', catalog: this.catalog, want: ['say'] });
    });
    socket.addEventListener('message', (event) => this.#take(JSON.parse(event.data)));
    socket.addEventListener('close', (event) => socket === this.socket && this.#lost(event.code));
  }

  #take(frame) {
    this.lastFrame = Date.now();
    if (frame.now) this.onClock(frame.now - Date.now());
    if (frame.t === 'hello') return this.#greet();
    if (frame.t === 'say') return this.onSay(frame);
    if (!frame.topic) return undefined;
    const reader = this.readers.get(frame.topic);
    if (!reader) return undefined;
    if (frame.t === 'reset') return this.#fetch(frame.topic, false);
    const fits = reader.take(frame);
    if (fits === false) this.#sub(frame.topic, true);
    return undefined;
  }

  #greet() {
    this.greeted = true;
    this.failures = 0;
    clearTimeout(this.poller);
    this.poller = 0;
    for (const topic of this.readers.keys()) this.#sub(topic);
    this.#rate();
    if (!this.frozen) this.onState('live', this.lastFrame);
  }

  #sub(topic, fromNothing = false) {
    const from = fromNothing ? null : this.readers.get(topic)?.position();
    this.#send(from ? { t: 'sub', topic, from } : { t: 'sub', topic });
  }

  #rate() {
    const mode = this.frozen ? 'paused' : document.hidden ? 'slow' : 'live';
    this.#send({ t: 'rate', mode });
  }

  #send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN && (this.greeted || frame.t === 'hello')) {
      this.socket.send(JSON.stringify(frame));
    }
  }

  #lost(code) {
    this.socket = null;
    this.greeted = false;
    if (!this.open) return;
    this.failures += 1;
    const forGood = code >= 4100 && code < 4200;
    if (forGood || code === FULL || this.failures >= FAILURES_UNTIL_POLLING) this.#startPolling();
    if (!this.poller && !this.frozen) this.onState('reconnecting', this.lastFrame);
    if (!forGood) this.timer = setTimeout(() => this.#connect(), this.#delay(code));
  }

  #delay(code) {
    if (this.poller) return SOCKET_WHILE_POLLING_MS;
    if (code === TOO_SLOW) return 5_000;
    const most = Math.min(LONGEST_DELAY_MS, BASE_DELAY_MS * 2 ** Math.min(this.failures, 10));
    return Math.random() * most; // full jitter: a restarted daemon is not stormed
  }

  #reconnectNow() {
    this.open = true;
    if (!this.socket) this.#connect();
  }

  #leave() {
    this.open = false;
    clearTimeout(this.timer);
    this.socket?.close(1000);
    this.socket = null;
  }

  #woke() {
    this.#rate();
    // A hidden tab's timers were frozen: compare clocks, don't count ticks.
    if (!document.hidden) this.#checkAlive() || this.#reconnectNow();
  }

  #checkAlive() {
    if (!this.socket || Date.now() - this.lastFrame < DEAD_MS) return false;
    const dead = this.socket;
    this.socket = null;
    dead.close();
    this.#lost(0);
    return true;
  }

  // --- polling --------------------------------------------------------------------------------------------

  #startPolling() {
    if (this.poller) return;
    if (!this.frozen) this.onState('polling', this.lastFrame);
    const round = async () => {
      let pause = document.hidden ? POLL_HIDDEN_MS : POLL_MS;
      if (!this.frozen) {
        for (const topic of this.readers.keys()) pause = Math.max(pause, await this.#fetch(topic, true));
      }
      if (this.poller) this.poller = setTimeout(round, pause);
    };
    this.poller = setTimeout(round, 0);
  }

  // Ask over HTTP for what changed (or for all of it). Answers how long to wait at least, in ms.
  async #fetch(topic, onlyChanges) {
    const reader = this.readers.get(topic);
    if (!reader) return 0;
    try {
      const answer = await fetch(reader.path(onlyChanges), { headers: { Accept: 'application/json' } });
      if (answer.status === 503) return 1000 * Number(answer.headers.get('Retry-After') ?? 5);
      if (!answer.ok) return 0;
      const frame = await answer.json();
      this.lastFrame = Date.now();
      if (this.poller && !this.frozen) this.onState('polling', this.lastFrame);
      if (reader.take(frame) === false) await this.#fetch(topic, false);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // TypeError: the network is away, the next round tries again
      if (!this.frozen) this.onState(this.poller ? 'polling' : 'reconnecting', this.lastFrame);
    }
    return 0;
  }
}
