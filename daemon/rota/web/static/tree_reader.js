// The reader of the page's own topic: where it is, and what a frame does to it.

import { PatchRefused } from '../parts/apply.js';

export class TreeReader {
  // `onChange` is called after the page has changed, `onGone` when its topic has ended.
  constructor({ renderer, tree, onChange, onGone }) {
    this.renderer = renderer;
    this.topic = tree.topic;
    this.epoch = tree.epoch;
    this.seq = tree.seq;
    this.onChange = onChange;
    this.onGone = onGone;
    this.waiting = []; // deltas until the next animation frame
  }

  position() {
    return { epoch: this.epoch, seq: this.waiting.at(-1)?.seq ?? this.seq };
  }

  path(onlyChanges) {
    const since = onlyChanges ? `?since=${this.epoch}.${this.seq}` : '';
    return `/api/v1/trees/${encodeURIComponent(this.topic)}${since}`;
  }

  // Answers false when the frame does not fit, so that the whole tree is asked for.
  take(frame) {
    if (frame.t === 'snapshot') this.#replace(frame.tree);
    else if (frame.t === 'gone') this.onGone(frame.why);
    else if (frame.t === 'ok' && frame.epoch !== this.epoch) return false;
    else if (frame.t === 'delta') return this.#queue(frame);
    return true;
  }

  #queue(frame) {
    const { epoch, seq } = this.position();
    if (frame.epoch !== epoch || frame.base > seq) return false;
    if (frame.base < seq) return true; // a duplicate
    this.waiting.push(frame);
    // Hidden tabs get no animation frames; they hear little, and draw it at once.
    if (document.hidden) return this.#draw();
    if (this.waiting.length === 1) requestAnimationFrame(() => this.#draw());
    return true;
  }

  #draw() {
    const frames = this.waiting;
    this.waiting = [];
    try {
      for (const frame of frames) {
        this.renderer.apply(frame.ops, frame.n);
        this.seq = frame.seq;
      }
    } catch (error) {
      if (!(error instanceof PatchRefused)) throw error;
      this.onRefused?.(error);
      return false;
    } finally {
      if (frames.length) this.onChange();
    }
    return true;
  }

  #replace(tree) {
    this.waiting = [];
    this.epoch = tree.epoch;
    this.seq = tree.seq;
    this.renderer.replace(tree);
    this.onChange();
  }
}
