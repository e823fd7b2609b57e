import { h, holder } from "../dom.js";
import { duration } from "../format.js";
import { elapsed, link, look, moment, state, when } from "../parts.js";

const COLUMNS = [
  ["state", "State"], ["name", "Run"], ["started", "Started"], ["duration", "Duration"],
  ["trigger", "Trigger"], ["note"],
];

export function view(id, { props: p, text }, r) {
  const headings = COLUMNS.map(([name, label]) =>
    h("th", { class: `col-${name}`, role: "columnheader", scope: "col" }, label ?? p.noteLabel ?? "Why"),
  );
  return h(
    "div",
    { class: "c-run-table", "data-id": id },
    h(
      "table",
      { role: "table" },
      h("caption", null, p.caption || text),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, headings)),
      h("tbody", { role: "rowgroup" }, p.rows.map((row) => line(row, p.zone, r))),
    ),
    holder("pager", "div", { class: "pager", "data-slot": `${id}:pager` }),
  );
}

function line(row, zone, r) {
  return h(
    "tr",
    { role: "row", "data-state": row.state, "data-tone": look(row.state).tone },
    h("td", { class: "col-state", role: "cell" }, state(row.state)),
    h(
      "th",
      { class: "col-name", role: "rowheader", scope: "row" },
      link(row.href, row.id, "name"),
      row.job ? h("span", { class: "title" }, row.job) : null,
    ),
    h("td", { class: "col-started", role: "cell" }, started(row, zone, r)),
    h("td", { class: "col-duration", role: "cell" }, lasted(row, r)),
    h("td", { class: "col-trigger", role: "cell" }, row.trigger ?? ""),
    h("td", { class: "col-note", role: "cell" }, why(row)),
  );
}

function started(row, zone, r) {
  const { startedAt, scheduledAt } = row;
  if (startedAt === undefined) return scheduledAt === undefined ? null : when(r, scheduledAt, zone);
  const isLate = scheduledAt !== undefined && startedAt - scheduledAt >= 1000;
  return [
    when(r, startedAt, zone),
    isLate ? h("span", { class: "due" }, h("span", null, "was due"), moment(r, scheduledAt, zone)) : null,
  ];
}

function lasted(row, r) {
  if (typeof row.durationMs === "number") return h("span", null, duration(row.durationMs));
  const isGoing = ["running", "retrying"].includes(row.state);
  return isGoing && row.startedAt !== undefined ? elapsed(r, row.startedAt) : null;
}

function why(row) {
  const of = row.maxAttempts !== undefined ? ` of ${row.maxAttempts}` : "";
  return [
    row.note ? h("span", { class: "note" }, row.note) : null,
    row.attempt !== undefined ? h("span", { class: "attempt" }, `attempt ${row.attempt}${of}`) : null,
    row.host ? h("span", { class: "host" }, row.host) : null,
  ];
}
