import { h } from "../dom.js";
import { actions, countdown, link, look, path, state, when } from "../parts.js";

export function view(id, element, r) {
  const p = element.props;
  const its = p.state || "failed";
  return h(
    "article",
    { class: "c-alert", "data-id": id, "data-tone": look(its).tone, "aria-labelledby": `h-${id}` },
    h(
      "div",
      { class: "alert-head" },
      state(its),
      h("h3", { class: "alert-title", id: `h-${id}` }, link(p.href, p.title)),
      h("ul", { class: "facts" }, facts(p, r)),
    ),
    h("p", { class: "alert-message" }, p.message),
    p.file ? h("p", { class: "alert-file" }, h("code", null, p.file)) : null,
    p.lastLines?.length ? h("pre", { class: "alert-lines" }, h("code", null, p.lastLines.join("\n"))) : null,
    foot(element, r),
  );
}

function facts(p, r) {
  const of = p.maxAttempts !== undefined ? ` of ${p.maxAttempts}` : "";
  return [
    p.at !== undefined ? h("li", null, when(r, p.at, "")) : null,
    p.exitCode !== undefined ? h("li", null, `exit ${p.exitCode}`) : null,
    p.signal ? h("li", null, p.signal) : null,
    p.attempt !== undefined ? h("li", null, `attempt ${p.attempt}${of}`) : null,
    p.nextRetryAt !== undefined ? h("li", { class: "retry" }, "retry ", countdown(r, p.nextRetryAt)) : null,
  ];
}

function foot(element, r) {
  const log = path(element.props.logHref);
  if (!element.actions?.length && !log) return null;
  return h(
    "div",
    { class: "alert-foot" },
    actions(r, element),
    log ? h("a", { class: "button", href: log }, "Log") : null,
  );
}
