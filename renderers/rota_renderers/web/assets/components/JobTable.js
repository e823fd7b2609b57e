import { h, holder } from "../dom.js";

const COLUMNS = [
  ["state", "State"], ["name", "Job"], ["schedule", "Schedule"], ["history", "History"],
  ["last", "Last run"], ["next", "Next run"], ["actions", "Actions"],
];

export function view(id, { props: p, text }) {
  const headings = COLUMNS.map(([name, label]) =>
    h("th", { class: `col-${name}`, role: "columnheader", scope: "col" }, label),
  );
  return h(
    "div",
    { class: "c-job-table", "data-id": id, "data-order": p.order },
    h(
      "table",
      { role: "table" },
      h("caption", null, p.caption || text),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, headings)),
      holder("children", "tbody", { role: "rowgroup", "data-children": id, "data-freeze": id }),
    ),
  );
}
