import { h, svgLink } from "../dom.js";
import { duration, moment } from "../format.js";
import { look, path } from "../parts.js";

const WIDTH = 8; // of a bar with its gap
const MOST = 4; // times the usual length: a longer bar is cut off, lest all others look alike
const BASE = 25; // where bars stand; marks are below

export function view(id, { props: p, text }, r) {
  const same = { class: "c-history", "data-id": id, "data-size": p.size };
  if (!p.runs.length) return h("div", same, h("span", { class: "none" }, text));
  const width = WIDTH * p.runs.length;
  const known = p.runs.map((run) => run.durationMs).filter((ms) => typeof ms === "number");
  const longest = Math.min(Math.max(...known, p.p50Ms || 1, 1), p.p50Ms ? MOST * p.p50Ms : Infinity);
  const drawing = h(
    "svg",
    { viewBox: `0 0 ${width} 36`, width, height: 36, preserveAspectRatio: "xMinYMid meet" },
    p.p50Ms ? usual(width, BASE - height(p.p50Ms, longest)) : null,
    p.runs.map((run, n) => bar(run, n * WIDTH, longest, n === p.runs.length - 1, r)),
  );
  return h("div", { ...same, role: "group", "aria-label": text }, drawing);
}

function height(ms, longest) {
  return 3 + Math.floor((21 * Math.min(ms, longest)) / longest);
}

function usual(width, level) {
  return h("line", { class: "usual", x1: 0, x2: width, y1: level, y2: level });
}

function bar(run, x, longest, isNewest, r) {
  const its = look(run.state);
  const isKnown = typeof run.durationMs === "number";
  const tall = isKnown ? height(run.durationMs, longest) : 0;
  const same = {
    class: "bar",
    tabindex: isNewest ? 0 : -1,
    "data-key": run.id,
    "data-state": run.state,
    "data-tone": its.tone,
  };
  const drawn = [
    h("title", null, label(run, its, r)),
    h("rect", { class: "hit", x, y: 0, width: 8, height: 36 }),
    isKnown ? h("rect", { class: "column", x: x + 1, y: BASE - tall, width: 6, height: tall, rx: 1 }) : null,
    isKnown && run.durationMs > longest ? h("rect", { class: "cut", x, y: 4, width: 8, height: 2 }) : null,
    run.state !== "completed"
      ? h("path", { class: its.filled ? "mark filled" : "mark", d: its.icon, transform: `translate(${x} 27) scale(0.5)` })
      : null,
  ];
  const href = path(run.href);
  return href ? svgLink({ ...same, href }, drawn) : h("g", { ...same, role: "img" }, drawn);
}

function label(run, its, r) {
  const length = typeof run.durationMs === "number" ? `, ${duration(run.durationMs)}` : "";
  const start = run.startedAt !== undefined ? `, ${moment(run.startedAt, r.now, r.zone)}` : "";
  return `${run.id} ${its.word}${length}${start}`;
}
