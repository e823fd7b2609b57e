import { holder } from "../dom.js";

export function view(id, { props: p }) {
  return holder("children", "div", {
    class: "c-stack",
    "data-id": id,
    "data-dir": p.dir || "column",
    "data-gap": p.gap || "medium",
    "data-wrap": p.wrap === false ? "no" : null,
    "data-children": id,
  });
}
