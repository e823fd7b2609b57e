// What several components show in the same way; `html/templates/_parts.html` is its twin.
// `r` is the rendering: now, zone, csrf, canAct.

import { ACTIONS, STATES } from "./catalog.js";
import { h } from "./dom.js";
import * as words from "./format.js";

const TONE_LOOKS = { ok: "ok", failed: "failed", running: "running", warn: "warn" };

/** How a state looks. An unknown state looks like `unknown` and keeps its own word. */
export function look(state) {
  const name = String(state);
  return Object.hasOwn(STATES, name) ? STATES[name] : { ...STATES.unknown, word: name };
}

export function toneLook(tone) {
  return Object.hasOwn(TONE_LOOKS, tone ?? "") ? STATES[TONE_LOOKS[tone]] : null;
}

export function icon({ icon: path, filled }) {
  return h(
    "svg",
    { class: filled ? "icon filled" : "icon", viewBox: "0 0 16 16", "aria-hidden": "true" },
    h("path", { d: path }),
  );
}

export function state(name, word = "", quiet = false) {
  const its = look(name);
  return h(
    "span",
    { class: "state", "data-state": name, "data-tone": its.tone },
    icon(its),
    h("span", { class: quiet ? "word visually-hidden" : "word" }, word || its.word),
  );
}

export function time(at, form, text, extra = {}) {
  return h("time", { datetime: words.iso(at), "data-at": at, "data-form": form, ...extra }, text);
}

export const relative = (r, at) => time(at, "relative", words.relative(at, r.now));
export const elapsed = (r, at) => time(at, "elapsed", words.elapsed(r.now - at));
export const left = (r, at) => time(at, "left", words.left(at, r.now));

export function countdown(r, at, overdue = "") {
  return time(at, "countdown", words.countdown(at, r.now, overdue), { "data-overdue": overdue || null });
}

export function over(r, at, limit) {
  return time(at, "over", words.over(at, r.now, limit), { "data-limit": limit });
}

export function moment(r, at, zone) {
  const shown = zone || r.zone;
  return h(
    "span",
    { class: "moment" },
    time(at, "moment", words.moment(at, r.now, shown), { "data-zone": shown }),
    zone && zone !== r.zone ? h("span", { class: "zone" }, zone) : null,
  );
}

export function when(r, at, zone) {
  return h("span", { class: "when" }, relative(r, at), moment(r, at, zone));
}

/** The link if it leads to this site, else null. */
export function path(href) {
  if (typeof href !== "string" || !/^\/(?!\/)[!-[\]-~]*$/.test(href)) return null;
  const url = new URL(href, location.origin);
  return url.origin === location.origin ? href : null;
}

export function link(href, label, cls = "") {
  const safe = path(href);
  return safe ? h("a", { href: safe, class: cls || null }, label) : h("span", { class: cls || null }, label);
}

export function rule(action) {
  return action && Object.hasOwn(ACTIONS, action.do) ? ACTIONS[action.do] : null;
}

export function reason(its, key) {
  return Object.hasOwn(its.disabled, key) ? its.disabled[key] : key.replaceAll("_", " ");
}

/** A template of the catalog with the arguments of an action in it. */
export function filled(template, args, encode = encodeURIComponent) {
  return template.replace(/\{(\w+)\}/g, (_, name) => encode(String(args[name])));
}

export function hidden(name, value) {
  return h("input", { type: "hidden", name, value });
}

export function expected(action) {
  const scalar = ([, value]) => typeof value === "string" || typeof value === "number";
  return Object.entries(action.expect ?? {}).filter(scalar).map(([name, value]) => hidden(`expect.${name}`, value));
}

export function actions(r, element) {
  if (!element.actions?.length) return null;
  return h("div", { class: "actions" }, element.actions.map((action, n) => actionOf(r, action, n)));
}

export function submit(action, its, cls) {
  return [
    h("button", { type: "submit", class: cls, "data-danger": its.danger, disabled: action.disabled ? true : null }, action.label),
    action.disabled ? h("span", { class: "why" }, reason(its, action.disabled)) : null,
  ];
}

export function command(action, its) {
  return h("code", { class: "cli" }, filled(its.cli, action.args, String));
}

function actionOf(r, action, n) {
  const its = rule(action);
  if (!its) return null;
  if (!r.canAct) return action.disabled ? null : command(action, its);
  // An action that only leads to a page is a link.
  if (its.method === "GET" && !action.disabled) {
    return h("a", { class: "button", href: filled(its.form, action.args, quoted), "data-do": action.do }, action.label);
  }
  return h(
    "form",
    { method: "post", action: filled(its.form, action.args, quoted), "data-action": n, "data-do": action.do },
    hidden("csrf", r.csrf),
    expected(action),
    submit(action, its, "button"),
  );
}

// As the server's quoting does it: also what encodeURIComponent leaves alone.
export function quoted(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
