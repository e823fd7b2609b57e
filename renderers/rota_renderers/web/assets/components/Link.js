import { h } from "../dom.js";
import { path } from "../parts.js";

export function view(id, { props: p }) {
  const safe = path(p.href);
  return h(
    "p",
    { class: "c-link", "data-id": id },
    safe ? h("a", { href: safe, rel: p.rel }, p.label) : h("span", null, p.label),
    p.note ? h("span", { class: "note" }, p.note) : null,
  );
}
