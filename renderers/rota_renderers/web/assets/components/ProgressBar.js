import { h } from "../dom.js";
import { elapsed as lengthOf, number, percent } from "../format.js";
import { elapsed, left, link, look, over, state } from "../parts.js";
import { guessedWidth } from "../tick.js";

export function view(id, { props: p }, r) {
  const its = p.state || "running";
  const isGoing = ["running", "retrying", "pending"].includes(its);
  const isKnown = typeof p.value === "number";
  const bar = {
    class: "track", role: "progressbar", "aria-label": p.label, "aria-valuemin": 0, "aria-valuemax": 100,
    "aria-valuenow": isKnown ? Math.floor(percent(p.value) / 5) * 5 : null,
  };
  return h(
    "div",
    { class: "c-progress", "data-id": id, "data-tone": look(its).tone, "data-state": its },
    h(
      "div",
      { class: "progress-head" },
      link(p.href, p.label, "label"),
      isKnown ? h("span", { class: "percent" }, `${percent(p.value)} %`) : null,
    ),
    h(
      "div",
      bar,
      h("svg", { viewBox: "0 0 1000 8", preserveAspectRatio: "none", "aria-hidden": "true" }, fill(p, isGoing, r)),
    ),
    h("ul", { class: "facts" }, isGoing ? null : h("li", null, state(its)), facts(p, isGoing, r)),
  );
}

function fill(p, isGoing, r) {
  if (typeof p.value === "number") {
    return h("rect", { class: "fill", width: Math.trunc(p.value * 1000), height: 8 });
  }
  if (isGoing && p.expectMs && p.startedAt !== undefined) {
    const width = guessedWidth(p.startedAt, p.expectMs, r.now);
    return h("rect", { class: "fill guessed", width, height: 8, "data-from": p.startedAt, "data-expect": p.expectMs });
  }
  return h("rect", { class: "fill unknown", width: 1000, height: 8 });
}

function facts(p, isGoing, r) {
  const isCounted = p.total !== undefined && p.current !== undefined;
  return [
    p.stepText ? h("li", { class: "step" }, p.stepText) : null,
    isCounted ? h("li", null, `${number(p.current)} of ${number(p.total)}`) : null,
    isGoing ? times(p, r) : null,
  ];
}

function times(p, r) {
  const usual = p.expectMs !== undefined ? h("span", { class: "of" }, `of ~${lengthOf(p.expectMs)}`) : null;
  const isStarted = p.startedAt !== undefined;
  return [
    isStarted ? h("li", null, elapsed(r, p.startedAt), usual) : null,
    p.etaAt !== undefined
      ? h("li", { class: "eta" }, p.etaAt === null ? h("span", null, "estimating…") : left(r, p.etaAt))
      : null,
    p.p95Ms !== undefined && isStarted ? h("li", { class: "over" }, over(r, p.startedAt, p.p95Ms)) : null,
  ];
}
