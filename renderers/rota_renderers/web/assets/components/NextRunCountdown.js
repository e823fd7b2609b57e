import { h } from "../dom.js";
import { countdown, moment } from "../parts.js";

export function view(id, { props: p }, r) {
  const isPlanned = typeof p.at === "number";
  return h(
    "div",
    { class: "c-next", "data-id": id },
    h("span", { class: "label" }, p.label),
    isPlanned ? countdown(r, p.at, p.overdueLabel ?? "") : h("span", { class: "none" }, "not planned"),
    isPlanned ? moment(r, p.at, p.zone) : null,
    p.note ? h("span", { class: "note" }, p.note) : null,
  );
}
