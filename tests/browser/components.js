// What tests/browser/test_components.py asks of the modules in a real browser.

import { PatchRefused, apply } from "/assets/apply.js";
import * as words from "/assets/format.js";
import { Renderer } from "/assets/render.js";

export function wordsOf(cases) {
  return cases.map(([name, args]) => words[name](...args));
}

export function patched(elements, cases) {
  return cases.map(({ ops, count }) => {
    const before = JSON.stringify(elements);
    try {
      const after = apply(new Map(Object.entries(elements)), ops, count ?? null);
      return { after: Object.fromEntries(after), untouched: JSON.stringify(elements) === before };
    } catch (error) {
      if (!(error instanceof PatchRefused)) throw error;
      return { after: null, untouched: JSON.stringify(elements) === before };
    }
  });
}

/** The page as the server made it, as the browser draws it, and as it is after taking over the server's. */
export function threeWays(tree, html, canAct = true) {
  const reports = [];
  const server = mountPoint();
  server.append(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  const asServed = normal(server);
  const first = server.firstElementChild;
  renderer(server, tree, reports, canAct).hydrate(tree);
  const drawn = mountPoint();
  renderer(drawn, tree, reports, canAct).replace(tree);
  const result = {
    asServed,
    takenOver: normal(server),
    drawn: normal(drawn),
    kept: first === server.firstElementChild,
    html: drawn.innerHTML,
    reports,
  };
  server.remove();
  drawn.remove();
  return result;
}

/** After every delta: the patched page, and the same tree drawn afresh. Answers the first that differs. */
export function history(tree, deltas) {
  const mount = mountPoint();
  const page = renderer(mount, tree, [], true);
  page.replace(tree);
  for (const [n, { ops, count }] of deltas.entries()) {
    page.apply(ops, count);
    const fresh = mountPoint();
    const whole = { ...tree, elements: Object.fromEntries(page.elements) };
    renderer(fresh, tree, [], true).replace(whole);
    const [one, other] = [normal(mount), normal(fresh)];
    fresh.remove();
    if (one !== other) return { n, patched: one, fresh: other };
  }
  mount.remove();
  return null;
}

export function start(tree) {
  const mount = document.getElementById("mount");
  window.now = tree.now;
  window.page = renderer(mount, tree, [], true);
  window.page.clock = () => window.now;
  window.page.hydrate(tree);
}

/** Apply every delta to the started page; answers where focus was lost or a node is kept that nothing needs. */
export function endure(deltas) {
  const wrong = [];
  const focused = document.activeElement;
  for (const [n, { ops, count }] of deltas.entries()) {
    window.page.apply(ops, count);
    if (document.activeElement !== focused) wrong.push(`delta ${n}: the focus is gone`);
    const { views, elements } = window.page;
    const shown = window.page.mount.querySelectorAll("[data-id]").length;
    if (views.size !== elements.size || shown !== elements.size) {
      wrong.push(`delta ${n}: ${elements.size} elements, ${views.size} known, ${shown} shown`);
    }
  }
  return wrong;
}

function renderer(mount, tree, reports, canAct) {
  const report = (id, code) => reports.push(code);
  return new Renderer({ mount, csrf: "token", canAct, now: () => tree.now, report });
}

function mountPoint() {
  const node = document.createElement("div");
  document.body.append(node);
  return node;
}

// The nodes with attributes in order and blanks folded.
function normal(root) {
  return JSON.stringify([...root.childNodes].map(plain).filter((part) => part !== null));
}

function plain(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data.trim() ? node.data.replace(/\s+/g, " ") : null;
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  const attributes = [...node.attributes].map(({ name, value }) => `${name}=${value}`).sort();
  return [node.localName, attributes, [...node.childNodes].map(plain).filter((part) => part !== null)];
}
