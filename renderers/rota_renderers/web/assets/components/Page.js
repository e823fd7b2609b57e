import { h, holder } from "../dom.js";
import { actions, link, relative } from "../parts.js";

export function view(id, element, r) {
  const p = element.props;
  return h(
    "main",
    { class: "c-page", "data-id": id, "data-attention": p.attention },
    h(
      "header",
      { class: "page-head" },
      p.back ? h("nav", { class: "back" }, link(p.back.href, `‹ ${p.back.label}`)) : null,
      h(
        "div",
        { class: "page-title" },
        h("h1", null, p.title),
        p.subtitle ? h("p", { class: "subtitle" }, p.subtitle) : null,
        p.zone ? h("p", { class: "times" }, `Times in ${p.zone}`) : null,
        p.updatedAt !== undefined
          ? h("p", { class: "updated" }, h("span", null, "Updated"), relative(r, p.updatedAt))
          : null,
      ),
      actions(r, element),
    ),
    holder("header", "div", { class: "page-top", "data-slot": `${id}:header` }),
    h(
      "div",
      { class: "page-body" },
      holder("children", "div", { class: "page-main", "data-children": id }),
      holder("side", "aside", { class: "page-side", "data-slot": `${id}:side` }),
    ),
  );
}
