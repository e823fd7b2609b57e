import { h } from "../dom.js";

export function view(id, { props: p }) {
  const same = { "data-id": id, "data-tone": p.tone, "data-clamp": p.clamp, "data-size": p.size };
  if (p.mono) return h("pre", { class: "c-text mono", ...same }, h("code", null, p.value));
  return h("p", { class: "c-text", ...same }, p.value);
}
