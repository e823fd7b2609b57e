// The smallest thing between data and nodes: a component describes its own nodes, and a new description
// changes only what differs from the last one. What a person did to a node (open, typed, focused) stays.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "rect", "line", "g", "title"]);

/** A node as a description. Attributes: true stands alone; false, null and undefined are left out. */
export function h(tag, attrs, ...children) {
  return { tag, ns: SVG_TAGS.has(tag) ? SVG : null, attrs: attrs ?? {}, children: merge(children), holds: null };
}

/** A link inside a drawing. */
export function svgLink(attrs, ...children) {
  return { ...h("a", attrs, ...children), ns: SVG };
}

/** A node whose children are other elements: "children", or the name of a slot. */
export function holder(what, tag, attrs) {
  return { ...h(tag, attrs), holds: what };
}

/** A fresh node for a description; every description keeps its node. */
export function create(vnode) {
  if (vnode.text !== undefined) return (vnode.node = document.createTextNode(vnode.text));
  const node = vnode.ns ? document.createElementNS(vnode.ns, vnode.tag) : document.createElement(vnode.tag);
  vnode.node = node;
  for (const [name, value] of Object.entries(vnode.attrs)) set(node, name, value);
  for (const child of vnode.children) node.append(create(child));
  return node;
}

/** Whether one description can be changed into the other without another node. */
export function fits(old, next) {
  return old.text !== undefined ? next.text !== undefined : old.tag === next.tag && old.holds === next.holds;
}

/** Change the node of `old` into what `next` describes; they must fit. */
export function patch(old, next) {
  const node = (next.node = old.node);
  if (next.text !== undefined) {
    if (node.data !== next.text) node.data = next.text;
    return;
  }
  patchAttributes(node, old.attrs, next.attrs);
  if (!next.holds) patchChildren(node, old.children, next.children);
}

/** Take over a node the server made. Throws when it is not what the description says. */
export function adopt(vnode, node) {
  if (vnode.text !== undefined) {
    if (node?.nodeType !== Node.TEXT_NODE) throw new Error("text expected");
    vnode.node = node;
    if (node.data !== vnode.text) node.data = vnode.text;
    return;
  }
  if (node?.nodeType !== Node.ELEMENT_NODE || node.localName !== vnode.tag) {
    throw new Error(`${vnode.tag} expected`);
  }
  vnode.node = node;
  for (const [name, value] of Object.entries(vnode.attrs)) set(node, name, value);
  if (vnode.holds) return;
  const present = withoutBlanks(node);
  if (present.length !== vnode.children.length) throw new Error(`${vnode.tag} holds something else`);
  vnode.children.forEach((child, i) => adopt(child, present[i]));
}

/** The nodes below a description that hold other elements, by what they hold. */
export function holders(vnode, found = new Map()) {
  if (vnode.holds) found.set(vnode.holds, vnode.node);
  for (const child of vnode.children ?? []) holders(child, found);
  return found;
}

function merge(children) {
  const merged = [];
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    const last = merged.at(-1);
    if (typeof child === "object") merged.push(child);
    else if (last?.text !== undefined) last.text += String(child);
    else merged.push({ text: String(child) });
  }
  return merged;
}

function withoutBlanks(node) {
  for (const child of [...node.childNodes]) {
    if (child.nodeType === Node.TEXT_NODE && !child.data.trim()) child.remove();
  }
  return [...node.childNodes];
}

function set(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

function patchAttributes(node, old, next) {
  for (const name of Object.keys(old)) if (!(name in next)) set(node, name, null);
  // Only what the description changed is set: `open` belongs to the reader once the page is there.
  for (const [name, value] of Object.entries(next)) if (old[name] !== value) set(node, name, value);
}

function patchChildren(parent, old, next) {
  const known = new Map();
  old.forEach((child, key) => known.set(keyOf(child, key, old), child));
  const kept = new Set();
  next.forEach((child, i) => {
    const before = known.get(keyOf(child, i, next));
    if (before && !kept.has(before) && fits(before, child)) {
      patch(before, child);
      kept.add(before);
    } else {
      create(child);
    }
  });
  for (const child of old) if (!kept.has(child)) child.node.remove();
  let last = null;
  for (const { node } of next) {
    const place = last ? last.nextSibling : parent.firstChild;
    if (place !== node) parent.insertBefore(node, place);
    last = node;
  }
}

// Identity among siblings: a key of their own, else kind, class and how many of that came before.
function keyOf(child, index, siblings) {
  const own = kindOf(child);
  if (child.attrs?.["data-key"] !== undefined) return own;
  let n = 0;
  for (let i = 0; i < index; i += 1) if (kindOf(siblings[i]) === own) n += 1;
  return `${own} ${n}`;
}

function kindOf(child) {
  if (child.text !== undefined) return "#";
  const key = child.attrs["data-key"];
  return key === undefined ? `${child.tag}.${child.attrs.class ?? ""}` : `${child.tag}=${key}`;
}
