import { h } from "../dom.js";
import { look, relative, state } from "../parts.js";

export function view(id, { props: p }, r) {
  return h("ul", { class: "c-health", "data-id": id }, p.items.map((item) => part(item, r)));
}

function part(item, r) {
  return h(
    "li",
    { "data-tone": look(item.state).tone },
    h("span", { class: "label" }, item.label),
    state(item.state),
    item.note ? h("span", { class: "note" }, item.note) : null,
    item.at !== undefined ? h("span", { class: "at" }, relative(r, item.at)) : null,
  );
}
