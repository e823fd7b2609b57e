import { h } from "../dom.js";
import { elapsed, look, relative, state } from "../parts.js";

const LASTING = ["running", "retrying", "pending", "paused", "late", "disabled"];

export function view(id, { props: p }, r) {
  return h(
    "p",
    { class: "c-phase", "data-id": id, "data-size": p.size, "data-tone": look(p.state).tone },
    state(p.state, p.label ?? ""),
    p.since !== undefined ? h("span", { class: "since" }, since(p, r)) : null,
    p.reason ? h("span", { class: "reason" }, p.reason) : null,
  );
}

function since(p, r) {
  return LASTING.includes(p.state) ? ["for ", elapsed(r, p.since)] : relative(r, p.since);
}
