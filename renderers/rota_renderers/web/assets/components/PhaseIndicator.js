import { h } from "../dom.js";
import { look, relative, state } from "../parts.js";

export function view(id, { props: p }, r) {
  return h(
    "p",
    { class: "c-phase", "data-id": id, "data-size": p.size, "data-tone": look(p.state).tone },
    state(p.state, p.label ?? ""),
    p.since !== undefined ? h("span", { class: "since" }, relative(r, p.since)) : null,
    p.reason ? h("span", { class: "reason" }, p.reason) : null,
  );
}
