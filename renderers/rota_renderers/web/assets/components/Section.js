import { h, holder } from "../dom.js";
import { actions } from "../parts.js";

export function view(id, element, r) {
  const p = element.props;
  const body = holder("children", "div", { class: "section-body", "data-children": id });
  const same = { class: "c-section", "data-id": id, "data-tone": p.tone };
  if (p.collapsed !== undefined) {
    const summary = h("summary", { class: "section-head" }, head(id, p));
    return h("details", { ...same, open: !p.collapsed }, summary, actions(r, element), body);
  }
  const top = h("div", { class: "section-head" }, head(id, p), actions(r, element));
  return h("section", { ...same, "aria-labelledby": `h-${id}` }, top, body);
}

function head(id, p) {
  return [
    h(`h${p.level || 2}`, { class: "section-title", id: `h-${id}` }, p.title),
    p.count !== undefined ? h("span", { class: "count" }, p.count) : null,
    p.note ? h("span", { class: "note" }, p.note) : null,
  ];
}
