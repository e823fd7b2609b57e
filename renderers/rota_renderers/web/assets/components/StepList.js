import { h } from "../dom.js";
import { duration, elapsed as lengthOf, percent } from "../format.js";
import { elapsed, link, look, state } from "../parts.js";

export function view(id, { props: p, text }, r) {
  const list = p.steps.length
    ? h("ol", null, p.steps.map((step) => line(step, p, r)))
    : h("p", { class: "none" }, text);
  return h("div", { class: "c-steps", "data-id": id }, list);
}

function line(step, p, r) {
  const isShown = step.key === p.shown;
  return h(
    "li",
    {
      "data-state": step.state,
      "data-tone": look(step.state).tone,
      "data-log-from": step.logFrom,
      "aria-current": step.key === p.current ? "step" : null,
      "data-shown": isShown ? "yes" : null,
    },
    state(step.state),
    link(step.href, step.name, "name"),
    h("ul", { class: "facts" }, facts(step, r), isShown ? h("li", { class: "shown" }, "log below") : null),
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
