import { h, holder } from "../dom.js";

const BUILT_IN = new Set(["Invalid", "Unsupported"]);

/** What stands in for an element that can't be shown as it is. */
export function boxOf(known, id, element, within, { cut = false, failed = false }) {
  const name = element.type === "Invalid" ? (element.props.component ?? "") : element.type;
  const isKnown = cut || failed || known || BUILT_IN.has(element.type);
  const inside = [
    h("p", { class: "box-title" }, isKnown ? `${name} can't be shown` : `Unsupported: ${name}`),
    element.text ? h("p", { class: "box-text" }, element.text) : null,
    holder("everything", "div", { "data-children": id }),
  ];
  if (within !== "JobTable") return h("div", { class: "c-box", role: "group", "data-id": id }, inside);
  const cell = h("td", { role: "cell", colspan: 7 }, inside);
  return h("tr", { class: "c-box", role: "row", "data-id": id }, cell);
}

/** A page whose tree does not hold together. */
export function broken() {
  return h(
    "main",
    { class: "c-page c-broken" },
    h("h1", null, "This page can't be shown"),
    h("p", null, "What came from the scheduler does not hold together."),
    h("p", null, h("a", { href: "" }, "Try again")),
  );
}
