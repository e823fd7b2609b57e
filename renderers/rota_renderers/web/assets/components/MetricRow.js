import { h } from "../dom.js";
import { quantity } from "../format.js";
import { link } from "../parts.js";

export function view(id, { props: p }) {
  return h(
    "dl",
    { class: "c-metric", "data-id": id, "data-tone": p.tone },
    h("dt", null, p.label),
    h(
      "dd",
      null,
      link(p.href, quantity(p.value, p.unit ?? ""), "value"),
      p.delta ? h("span", { class: "delta" }, p.delta) : null,
    ),
  );
}
