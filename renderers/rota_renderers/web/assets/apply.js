// Bring a tree up to date by a list of operations, all of them or none; `rota_catalog/apply.py` is its twin.

const MEMBERS = new Set(["props", "children", "slots", "actions", "text"]);
const RESERVED = new Set(["__proto__", "constructor", "prototype"]);

export class PatchRefused extends Error {}

/** Elements of a document as a map. */
export function elementsOf(tree) {
  return new Map(Object.entries(tree.elements));
}

/** The elements after the operations, in a new map; `count` is how many there must be. Throws PatchRefused. */
export function apply(elements, ops, count = null) {
  const patched = new Map(elements);
  const copied = new Set();
  for (const op of ops) applyOne(patched, copied, op);
  if (count !== null && patched.size !== count) {
    throw new PatchRefused(`${patched.size} elements where ${count} are expected`);
  }
  for (const [id, element] of patched) {
    for (const other of references(element)) {
      if (!patched.has(other)) throw new PatchRefused(`${id} holds ${other}, which is not there`);
    }
  }
  return patched;
}

/** Ids an element holds: those of its slots in their order, then its children. */
export function references(element) {
  return [...Object.values(element.slots ?? {}).flat(), ...(element.children ?? [])];
}

function applyOne(patched, copied, op) {
  const verb = op.op === "replace" ? "add" : op.op;
  if (!["add", "remove"].includes(verb) || (verb === "add" && op.value === undefined)) {
    throw new PatchRefused(`operation ${op.op} is not understood`);
  }
  const [id, member, prop] = address(op.path);
  if (member === undefined) {
    putElement(patched, id, verb, op);
    copied.delete(id);
    return;
  }
  const target = own(patched, copied, id);
  put(prop === undefined ? target : target.props, prop ?? member, verb, op);
}

function address(path) {
  const parts = String(path).split("/");
  const [start, map, id, member, prop] = parts;
  const wrong =
    parts.length < 3 || parts.length > 5 || start !== "" || map !== "elements" ||
    parts.some((part) => RESERVED.has(part)) ||
    (member !== undefined && !MEMBERS.has(member)) ||
    (prop !== undefined && member !== "props");
  if (wrong) throw new PatchRefused(`path ${path} leads nowhere`);
  return [id, member, prop?.replaceAll("~1", "/").replaceAll("~0", "~")];
}

function own(patched, copied, id) {
  const element = patched.get(id);
  if (!element) throw new PatchRefused(`there is no element ${id}`);
  if (copied.has(id)) return element;
  const copy = { ...element, props: { ...element.props } };
  patched.set(id, copy);
  copied.add(id);
  return copy;
}

function putElement(patched, id, verb, op) {
  if (verb === "add") patched.set(id, op.value);
  else patched.delete(id); // a merged catch-up also removes what came and went while we were away
}

function put(target, name, verb, op) {
  if (verb === "add") target[name] = op.value;
  else if (!Object.hasOwn(target, name)) throw new PatchRefused(`nothing to remove at ${op.path}`);
  else delete target[name];
}
