import { h } from "../dom.js";
import { actions } from "../parts.js";

export function view(id, element, r) {
  const p = element.props;
  return h(
    "div",
    { class: "c-empty", "data-id": id, "data-kind": p.kind },
    h("p", { class: "empty-title" }, p.title),
    p.hint ? h("p", { class: "hint" }, p.hint) : null,
    actions(r, element),
  );
}
