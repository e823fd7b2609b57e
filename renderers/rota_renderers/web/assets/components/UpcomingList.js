import { h } from "../dom.js";
import { elapsed } from "../format.js";
import { countdown, link, moment } from "../parts.js";

export function view(id, { props: p, text }, r) {
  return h(
    "div",
    { class: "c-upcoming", "data-id": id },
    p.items.length ? h("ol", null, p.items.map((item) => due(item, r))) : h("p", { class: "none" }, text),
    p.horizonMs !== undefined ? h("p", { class: "horizon" }, `within ${elapsed(p.horizonMs)}`) : null,
  );
}

function due(item, r) {
  return h(
    "li",
    null,
    countdown(r, item.at),
    link(item.href, item.label || item.job, "name"),
    moment(r, item.at, item.zone),
    item.conflict ? h("span", { class: "note" }, "overlaps") : null,
    item.note ? h("span", { class: "note" }, item.note) : null,
  );
}
