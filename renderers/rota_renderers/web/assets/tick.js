// Time passes in the browser: texts made from an instant are brought up to date, and nothing else is touched.

import * as words from "./format.js";

const FORMS = {
  relative: (at, now) => words.relative(at, now),
  elapsed: (at, now) => words.elapsed(now - at),
  left: (at, now) => words.left(at, now),
  countdown: (at, now, { overdue }) => words.countdown(at, now, overdue),
  over: (at, now, { limit }) => words.over(at, now, Number(limit)),
  moment: (at, now, { zone }) => words.moment(at, now, zone),
};

/** Every text below `root` as it reads at `now` (ms, the server's clock). */
export function tick(root, now) {
  for (const node of root.querySelectorAll("time[data-form]")) {
    const form = FORMS[node.dataset.form];
    if (form) setText(node, form(Number(node.dataset.at), now, node.dataset));
  }
  for (const bar of root.querySelectorAll("rect[data-expect]")) {
    const width = guessedWidth(Number(bar.dataset.from), Number(bar.dataset.expect), now);
    if (bar.getAttribute("width") !== String(width)) bar.setAttribute("width", width);
  }
}

/** How far a bar of unknown progress stands by its usual length, of 1000; it never claims to be full. */
export function guessedWidth(from, expect, now) {
  return Math.max(0, Math.min(950, Math.floor((1000 * (now - from)) / expect)));
}

function setText(node, text) {
  if (node.firstChild?.data === text || (!node.firstChild && !text)) return;
  // The text node stays: the renderer knows it.
  if (node.firstChild) node.firstChild.data = text;
  else node.textContent = text;
}
