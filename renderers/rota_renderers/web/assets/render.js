// Draws a tree and keeps it current: one node per element id, only changed elements touched, children matched by
// id. Nothing a person is using moves away: a list with the pointer or the focus inside keeps its order.

import { apply, elementsOf, references } from "./apply.js";
import { COMPONENTS, box, broken } from "./components/index.js";
import { adopt, create, fits, holders, patch } from "./dom.js";
import { filled, rule } from "./parts.js";
import { rove } from "./rove.js";
import { tick } from "./tick.js";

const MAX_DEPTH = 32;

export class Renderer {
  /**
   * mount: node the page is in. csrf, canAct: as on the server. now: the server's clock in ms.
   * report(id, code, message): hears of every element that could not be shown as it is.
   */
  constructor({ mount, csrf = "", canAct = false, now = () => Date.now(), report = () => {} }) {
    this.mount = mount;
    this.csrf = csrf;
    this.canAct = canAct;
    this.clock = now;
    this.report = report;
    this.elements = new Map();
    this.views = new Map();
    this.root = null;
    mount.addEventListener("pointerleave", () => this.settle(), true);
    mount.addEventListener("focusout", () => queueMicrotask(() => this.settle()));
    mount.addEventListener("click", (event) => this.#onClick(event));
    rove(mount);
  }

  /** Take over what the server rendered for this document; parts that differ are drawn again. */
  hydrate(tree) {
    this.#take(tree);
    const nodes = new Map();
    for (const node of this.mount.querySelectorAll("[data-id]")) {
      if (!nodes.has(node.dataset.id)) nodes.set(node.dataset.id, node);
    }
    this.#drawRoot(nodes);
  }

  /** Draw this document in place of whatever is there. */
  replace(tree) {
    const before = this.elements;
    const sameRoot = this.root === tree.root && this.views.has(tree.root);
    this.#take(tree);
    if (!sameRoot) return this.#drawRoot(new Map());
    this.#update([...new Set([...before.keys(), ...this.elements.keys()])]);
  }

  /** Apply the operations of a delta. Throws PatchRefused and leaves everything as it is. */
  apply(ops, count = null) {
    const patched = apply(this.elements, ops, count);
    const touched = new Set(ops.map((op) => op.path.split("/")[2]));
    this.elements = patched;
    this.#update([...touched]);
  }

  /** Let time pass in every text made from an instant. */
  tick() {
    tick(this.mount, this.clock());
  }

  /** The node of an element, or null. */
  node(id) {
    return this.views.get(id)?.vnode.node ?? null;
  }

  /** The action behind a form of the page: {do, label, args, expect, rule, url, command}, or null. */
  action(form) {
    const id = form.closest("[data-id]")?.dataset.id;
    const action = this.elements.get(id)?.actions?.[Number(form.dataset.action)];
    const its = rule(action);
    if (!its) return null;
    return { ...action, id, rule: its, url: filled(its.path, action.args), command: filled(its.cli, action.args, String) };
  }

  /** Bring lists into order that waited while somebody was inside. */
  settle() {
    for (const list of this.mount.querySelectorAll("[data-waiting]")) {
      if (!isInUse(list)) this.#arrange(list.dataset.freeze, true);
    }
  }

  get #rendering() {
    const root = this.elements.get(this.root);
    const zone = root?.type === "Page" && typeof root.props.zone === "string" ? root.props.zone : "UTC";
    return { now: this.clock(), zone, csrf: this.csrf, canAct: this.canAct };
  }

  #take(tree) {
    this.elements = elementsOf(tree);
    this.root = tree.root;
  }

  #drawRoot(nodes) {
    this.views.clear();
    if (!this.elements.has(this.root)) {
      this.report(this.root, "no-root", "the tree has no root");
      this.mount.replaceChildren(create(broken()));
      return;
    }
    const view = this.#show(this.root, "", [], nodes);
    if (view.vnode.node.parentNode !== this.mount) this.mount.replaceChildren(view.vnode.node);
  }

  // Draw one element and everything it holds; `nodes` are the server's, to be taken over.
  #show(id, within, above, nodes) {
    const element = this.elements.get(id);
    const cut = above.includes(id) || above.length >= MAX_DEPTH;
    if (cut) this.report(id, "too-deep", "a branch was cut");
    const vnode = cut ? box(id, element, within, { cut }) : this.#describe(id, element, within);
    const view = { id, type: element.type, within, vnode, holders: null };
    if (cut || !this.#adopt(view, nodes?.get(id))) create(vnode);
    view.holders = holders(vnode);
    if (cut) return view;
    this.views.set(id, view);
    for (const [what, node] of view.holders) {
      this.#fill(node, this.#held(view, what), element.type, [...above, id], nodes);
    }
    return view;
  }

  #describe(id, element, within) {
    const component = Object.hasOwn(COMPONENTS, element.type) ? COMPONENTS[element.type] : null;
    if (!component) return box(id, element, within, {});
    try {
      return component(id, element, this.#rendering);
    } catch (error) {
      this.report(id, "render", String(error));
      return box(id, element, within, { failed: true });
    }
  }

  #adopt(view, node) {
    if (!node) return false;
    try {
      adopt(view.vnode, node);
      return true;
    } catch (error) {
      this.report(view.id, "hydrate", String(error));
      return false;
    }
  }

  // What one holder of a view holds. A box holds everything: slots in their order, then children.
  #held(view, what) {
    const element = this.elements.get(view.id);
    if (what === "everything") return references(element);
    return what === "children" ? (element.children ?? []) : (element.slots?.[what] ?? []);
  }

  #fill(node, ids, type, above, nodes) {
    const wanted = [];
    for (const id of ids) {
      if (!this.elements.has(id)) this.report(id, "missing", `${above.at(-1)} holds an element that is not there`);
      else wanted.push((this.#reusable(id, type) ?? this.#show(id, type, above, nodes)).vnode.node);
    }
    place(node, wanted);
  }

  #reusable(id, within) {
    const view = this.views.get(id);
    return view && view.type === this.elements.get(id).type && view.within === within ? view : null;
  }

  #update(touched) {
    for (const id of touched) if (!this.elements.has(id)) this.#forget(id);
    const focused = document.activeElement;
    for (const id of touched) if (this.elements.has(id) && this.views.has(id)) this.#refresh(id);
    if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  }

  #forget(id) {
    const view = this.views.get(id);
    this.views.delete(id);
    view?.vnode.node.remove();
  }

  #refresh(id) {
    const view = this.views.get(id);
    const element = this.elements.get(id);
    const next = view.type === element.type ? this.#describe(id, element, view.within) : null;
    if (!next || !fits(view.vnode, next)) return this.#rebuild(view);
    patch(view.vnode, next);
    view.vnode = next;
    view.holders = holders(next);
    this.#arrange(id, false);
  }

  #rebuild(view) {
    const old = view.vnode.node;
    this.views.delete(view.id);
    const fresh = this.#show(view.id, view.within, this.#above(old), null);
    old.replaceWith(fresh.vnode.node);
  }

  #above(node) {
    const ids = [];
    for (let up = node.parentElement?.closest("[data-id]"); up; up = up.parentElement?.closest("[data-id]")) {
      if (!this.mount.contains(up)) break;
      ids.unshift(up.dataset.id);
    }
    return ids;
  }

  #arrange(id, settled) {
    const view = this.views.get(id);
    if (!view) return;
    const above = [...this.#above(view.vnode.node), id];
    for (const [what, node] of view.holders) {
      if (node.dataset.taken !== undefined) continue; // somebody else fills it: the live log
      const ids = this.#held(view, what);
      if (!settled && isInUse(node)) this.#wait(node, ids, view, above);
      else {
        unmark(node);
        this.#fill(node, ids, view.type, above, null);
      }
    }
  }

  // Somebody is inside: rows come and go only at the end, and the order waits.
  #wait(node, ids, view, above) {
    const present = [...node.children].map((child) => child.dataset.id).filter((id) => ids.includes(id));
    const order = [...present, ...ids.filter((id) => !present.includes(id))];
    this.#fill(node, order, view.type, above, null);
    const moved = order.filter((id, n) => id !== ids[n]).length;
    if (!moved) return unmark(node);
    node.dataset.waiting = moved;
    tell(node, moved);
  }

  #onClick(event) {
    const dismiss = event.target.closest?.("[data-dismiss]");
    if (dismiss) this.node(dismiss.dataset.dismiss).hidden = true;
  }
}

function unmark(node) {
  if (node.dataset.waiting === undefined) return;
  delete node.dataset.waiting;
  tell(node, 0);
}

// The page around may offer to put the list in order now: how many places have changed.
function tell(node, moved) {
  node.dispatchEvent(new CustomEvent("rota:waiting", { bubbles: true, detail: { id: node.dataset.freeze, moved } }));
}

function isInUse(node) {
  return node.dataset.freeze !== undefined && (node.matches(":hover") || node.contains(document.activeElement));
}

// Bring exactly these nodes into this order, moving as few as possible and never the one with the focus.
function place(parent, wanted) {
  const keep = new Set(wanted);
  for (const node of [...parent.childNodes]) if (!keep.has(node)) node.remove();
  const still = wanted.find((node) => node.contains(document.activeElement));
  if (still && still.parentNode === parent) return placeAround(parent, wanted, still);
  let last = null;
  for (const node of wanted) {
    const spot = last ? last.nextSibling : parent.firstChild;
    if (spot !== node) parent.insertBefore(node, spot);
    last = node;
  }
}

function placeAround(parent, wanted, still) {
  const at = wanted.indexOf(still);
  for (let i = at - 1; i >= 0; i -= 1) {
    if (wanted[i].nextSibling !== wanted[i + 1]) parent.insertBefore(wanted[i], wanted[i + 1]);
  }
  for (let i = at + 1; i < wanted.length; i += 1) {
    if (wanted[i - 1].nextSibling !== wanted[i]) parent.insertBefore(wanted[i], wanted[i - 1].nextSibling);
  }
}
