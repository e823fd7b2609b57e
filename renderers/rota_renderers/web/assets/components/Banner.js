import { h } from "../dom.js";
import { actions, icon, toneLook } from "../parts.js";

export function view(id, element, r) {
  const p = element.props;
  const its = toneLook(p.tone);
  return h(
    "div",
    { class: "c-banner", "data-id": id, "data-tone": p.tone, role: "note" },
    its ? icon(its) : null,
    h(
      "div",
      { class: "banner-words" },
      h("p", { class: "banner-title" }, p.title),
      p.body ? h("p", { class: "banner-body" }, p.body) : null,
    ),
    actions(r, element),
    p.dismissible ? h("button", { type: "button", class: "button dismiss", "data-dismiss": id }, "Dismiss") : null,
  );
}
