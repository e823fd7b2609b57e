import { h, holder } from "../dom.js";
import { path } from "../parts.js";

export function view(id, element) {
  const p = element.props;
  const search = path(p.searchHref);
  const raw = path(p.rawHref);
  return h(
    "div",
    {
      class: "c-log",
      "data-id": id,
      "data-stream": p.stream,
      "data-follow": p.follow === false ? "no" : "yes",
      "data-wrap": p.wrap === false ? "no" : "yes",
      "data-level": p.level,
      "data-end": p.end ? "yes" : null,
    },
    h(
      "div",
      { class: "log-head" },
      p.total !== undefined ? h("span", { class: "count" }, `${p.total} line${p.total === 1 ? "" : "s"}`) : null,
      search ? h("a", { href: search }, "Search") : null,
      raw ? h("a", { class: "raw", href: raw }, "Raw text") : null,
    ),
    holder("children", "div", {
      class: "log-lines",
      role: "log",
      "aria-live": "off",
      "aria-label": element.text,
      tabindex: 0,
      "data-children": id,
    }),
    element.children?.length ? null : h("p", { class: "none" }, p.end ? "No output" : "No output yet"),
  );
}
