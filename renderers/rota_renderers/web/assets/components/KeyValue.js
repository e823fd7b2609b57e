import { h } from "../dom.js";
import { quantity } from "../format.js";
import { elapsed, path, state, when } from "../parts.js";

export function view(id, { props: p }, r) {
  return h("dl", { class: "c-key-value", "data-id": id }, p.rows.map((row) => pair(row, r)));
}

function pair(row, r) {
  const safe = path(row.href);
  return h(
    "div",
    { class: "pair" },
    h("dt", null, row.key),
    h(
      "dd",
      null,
      row.state ? state(row.state) : null,
      safe ? h("a", { href: safe }, shown(row, r)) : shown(row, r),
      row.note ? h("span", { class: "note" }, row.note) : null,
    ),
  );
}

function shown(row, r) {
  if (row.since !== undefined) return elapsed(r, row.since);
  if (row.at !== undefined) return when(r, row.at, row.zone);
  const text = quantity(row.value, row.unit ?? "");
  if (row.copy) return h("code", { class: "copy" }, text);
  return h("span", { class: "value", "data-known": row.value === null ? "no" : null }, text);
}
