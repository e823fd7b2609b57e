import { h } from "../dom.js";
import { duration, elapsed as lengthOf, percent } from "../format.js";
import { elapsed, look, state } from "../parts.js";

export function view(id, { props: p, text }, r) {
  const list = p.steps.length
    ? h("ol", null, p.steps.map((step) => line(step, step.key === p.current, r)))
    : h("p", { class: "none" }, text);
  return h("div", { class: "c-steps", "data-id": id }, list);
}

function line(step, isCurrent, r) {
  return h(
    "li",
    {
      "data-state": step.state,
      "data-tone": look(step.state).tone,
      "data-log-from": step.logFrom,
      "aria-current": isCurrent ? "step" : null,
    },
    state(step.state),
    h("span", { class: "name" }, step.name),
    h("ul", { class: "facts" }, facts(step, r)),
  );
}

function facts(step, r) {
  const isGoing = ["running", "retrying"].includes(step.state);
  const of = step.maxAttempts !== undefined ? ` of ${step.maxAttempts}` : "";
  return [
    typeof step.value === "number" && isGoing ? h("li", { class: "percent" }, `${percent(step.value)} %`) : null,
    typeof step.durationMs === "number" ? h("li", null, duration(step.durationMs)) : isGoing ? goingOn(step, r) : null,
    step.attempt !== undefined ? h("li", null, `attempt ${step.attempt}${of}`) : null,
    step.note ? h("li", { class: "note" }, step.note) : null,
  ];
}

function goingOn(step, r) {
  if (step.startedAt === undefined) return null;
  const usual = step.expectMs !== undefined ? h("span", { class: "of" }, `of ~${lengthOf(step.expectMs)}`) : null;
  return h("li", null, elapsed(r, step.startedAt), usual);
}
