import { h } from "../dom.js";
import { level } from "../format.js";
import { link, look, moment } from "../parts.js";

const WIDE = 1000; // of the picture; it is stretched to the room there is
const NARROWEST = 4; // a run of a second in a week is still seen

export function view(id, { props: p, text }, r) {
  return h(
    "div",
    { class: "c-timeline", "data-id": id },
    h(
      "table",
      { role: "table" },
      h("caption", null, p.caption || text),
      p.rows.length ? h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, headings(p, r))) : null,
      h("tbody", { role: "rowgroup" }, p.rows.map((row) => line(row, p))),
    ),
  );
}

function headings(p, r) {
  const axis = h("span", { class: "axis" }, moment(r, p.from, p.zone), moment(r, p.until, p.zone));
  return [["name", "Job"], ["picture", axis], ["runs", "Runs"]].map(([name, label]) =>
    h("th", { class: `col-${name}`, role: "columnheader", scope: "col" }, label),
  );
}

function line(row, p) {
  return h(
    "tr",
    { role: "row", "data-key": row.job },
    h("th", { class: "col-name", role: "rowheader", scope: "row" }, link(row.href, row.job, "name")),
    h(
      "td",
      { class: "col-picture", role: "cell" },
      picture(row, p),
      row.note ? h("span", { class: "note" }, row.note) : null,
      row.warn ? h("span", { class: "warn" }, row.warn) : null,
    ),
    h("td", { class: "col-runs", role: "cell" }, count(row.runs)),
  );
}

function picture(row, p) {
  const parts = row.density ?? [];
  return h(
    "svg",
    { viewBox: `0 0 ${WIDE} 20`, preserveAspectRatio: "none", "aria-hidden": "true" },
    (p.ticks ?? []).map((at) => tick(place(at, p))),
    parts.map((share, n) => (share > 0 ? part(share, n, parts.length) : null)),
    (row.bars ?? []).map((each) => bar(each, p)),
  );
}

function place(at, p) {
  const span = Math.max(p.until - p.from, 1);
  return Math.min(Math.max(Math.floor((WIDE * (at - p.from)) / span), 0), WIDE);
}

function tick(x) {
  return h("line", { class: "tick", x1: x, x2: x, y1: 0, y2: 20 });
}

function bar(each, p) {
  const x = place(each.at, p);
  const width = Math.max(place(each.at + each.durationMs, p) - x, NARROWEST);
  const tone = each.state ? look(each.state).tone : null;
  return h("rect", {
    class: "bar", "data-tone": tone, x: Math.min(x, WIDE - NARROWEST), y: 3, width, height: 14,
  });
}

function part(share, n, all) {
  const x = Math.floor((WIDE * n) / all);
  const width = Math.floor((WIDE * (n + 1)) / all) - x;
  return h("rect", { class: "part", "data-level": level(share), x, y: 3, width, height: 14 });
}

function count(runs) {
  if (runs === 0) return "no runs";
  return runs === 1 ? "1 run" : `${runs} runs`;
}
