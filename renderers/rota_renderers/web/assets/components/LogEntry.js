import { h } from "../dom.js";
import { clock } from "../format.js";
import { time } from "../parts.js";

export function view(id, { props: p }, r) {
  const isGrave = ["warning", "error"].includes(p.level);
  return h(
    "div",
    { class: "c-log-entry", "data-id": id, "data-n": p.n, "data-level": p.level || "info" },
    h("span", { class: "n" }, p.n + 1),
    p.at !== undefined ? time(p.at, "clock", clock(p.at, r.zone), { "data-zone": r.zone }) : null,
    isGrave ? h("span", { class: "level" }, p.level) : null,
    h("span", { class: "line" }, p.text),
  );
}
