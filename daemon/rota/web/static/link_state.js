// Whether the page can be trusted, in words: Live, Reconnecting, Polling, Frozen, with the age of its data.

const WORDS = {
  live: 'Live',
  reconnecting: 'Reconnecting',
  polling: 'Polling every 5 s',
  frozen: 'Frozen',
};
const OLD_MS = 60_000;
const CLOCK_OFF_MS = 5_000;

export class LinkState {
  constructor(box, banner) {
    this.box = box;
    this.words = box.querySelector('.words');
    this.banner = banner;
    this.state = 'none';
    this.since = Date.now();
    this.offset = 0;
    box.hidden = false;
    setInterval(() => this.show(), 1_000);
  }

  set(state, lastFrame) {
    this.state = state;
    this.since = lastFrame;
    this.show();
  }

  clock(offset) {
    this.offset = offset;
  }

  show() {
    const age = Math.round((Date.now() - this.since) / 1000);
    const aged = this.state === 'live' ? '' : `, data from ${clock(this.since)}`;
    const text = (WORDS[this.state] ?? 'Connecting') + (this.state === 'none' ? '…' : aged);
    if (this.words.textContent !== text) this.words.textContent = text;
    this.box.dataset.state = this.state;
    this.box.title = this.state === 'frozen' ? `${age} s old` : '';
    const old = this.state !== 'live' && Date.now() - this.since > OLD_MS;
    document.documentElement.toggleAttribute('data-old', old);
    this.#warn(old, age);
  }

  #warn(old, age) {
    let text = '';
    if (old && this.state !== 'frozen') text = `This page is ${age} seconds old: the daemon does not answer.`;
    else if (Math.abs(this.offset) > CLOCK_OFF_MS) {
      text = `Your clock differs by ${Math.round(Math.abs(this.offset) / 1000)} s; times here follow the daemon's.`;
    }
    if (this.banner.textContent !== text) this.banner.textContent = text;
    this.banner.hidden = !text;
  }
}

function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour12: false });
}
