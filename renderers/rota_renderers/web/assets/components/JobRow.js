import { h, holder } from "../dom.js";
import { duration } from "../format.js";
import { actions, link, look, relative, state } from "../parts.js";

export function view(id, element, r) {
  const p = element.props;
  return h(
    "tr",
    { class: "c-job-row", role: "row", "data-id": id, "data-name": p.name, "data-state": p.state, "data-tone": look(p.state).tone },
    h("td", { class: "col-state", role: "cell" }, state(p.state)),
    h(
      "th",
      { class: "col-name", role: "rowheader", scope: "row" },
      link(p.href, p.name, "name"),
      p.title ? h("span", { class: "title" }, p.title) : null,
      tags(p),
    ),
    h(
      "td",
      { class: "col-schedule", role: "cell" },
      p.schedule ? h("span", { class: "schedule" }, p.schedule) : null,
      p.zone ? h("span", { class: "zone" }, p.zone) : null,
      p.expression ? h("code", { class: "expression" }, p.expression) : null,
    ),
    holder("history", "td", { class: "col-history", role: "cell", "data-slot": `${id}:history` }),
    h(
      "td",
      { class: "col-last", role: "cell" },
      holder("progress", "div", { class: "progress", "data-slot": `${id}:progress` }),
      p.last ? last(p.last, r) : null,
      p.note ? h("span", { class: "note" }, p.note) : null,
    ),
    holder("next", "td", { class: "col-next", role: "cell", "data-slot": `${id}:next` }),
    h("td", { class: "col-actions", role: "cell" }, actions(r, element)),
  );
}

function tags(p) {
  if (!p.tags?.length && !p.owner && !p.host) return null;
  return h(
    "ul",
    { class: "tags" },
    (p.tags ?? []).map((tag) => h("li", null, tag)),
    p.owner ? h("li", { class: "owner" }, p.owner) : null,
    p.host ? h("li", { class: "host" }, p.host) : null,
  );
}

function last(run, r) {
  return h(
    "div",
    { class: "last" },
    state(run.state, "", true),
    link(run.href, run.at !== undefined ? relative(r, run.at) : look(run.state).word),
    run.durationMs !== undefined ? h("span", { class: "duration" }, duration(run.durationMs)) : null,
  );
}
