"""Bring a tree up to date by a list of operations, all of them or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rota_catalog.diff import MEMBERS
from rota_catalog.tree import Element, Elements

RESERVED = frozenset({"__proto__", "constructor", "prototype"})


class PatchRefused(Exception):
    """The operations don't fit the tree; the caller asks for the whole tree instead."""


def apply(
    elements: Mapping[str, Element], ops: Sequence[Mapping[str, Any]], *, count: int | None = None
) -> Elements:
    """The tree after the operations; the given one is not touched.

    `count` is how many elements there must be afterwards. Raises PatchRefused.
    """
    patched = dict(elements)
    copied: set[str] = set()
    for op in ops:
        _apply_one(patched, copied, op)
    if count is not None and len(patched) != count:
        raise PatchRefused(f"{len(patched)} elements where {count} are expected")
    _check_references(patched)
    return patched


def references(element: Element) -> Iterator[str]:
    """Ids an element holds: those of its slots in their order, then its children."""
    for ids in element.get("slots", {}).values():
        yield from ids
    yield from element.get("children", ())


def _apply_one(elements: Elements, copied: set[str], op: Mapping[str, Any]) -> None:
    verb = "add" if op.get("op") == "replace" else op.get("op")
    if verb not in ("add", "remove") or (verb == "add" and "value" not in op):
        raise PatchRefused(f"operation {op.get('op')!r} is not understood")
    id_, member, prop = _address(op.get("path"))
    if member is None:
        _put_element(elements, id_, verb, op)
        copied.discard(id_)
        return
    target = _own(elements, copied, id_)
    if prop is None:
        _put(target, member, verb, op)
    else:
        _put(target["props"], prop, verb, op)


def _address(path: object) -> tuple[str, str | None, str | None]:
    parts = str(path).split("/")
    if not 3 <= len(parts) <= 5 or parts[:2] != ["", "elements"] or RESERVED.intersection(parts):
        raise PatchRefused(f"path {path!r} leads nowhere")
    member = parts[3] if len(parts) > 3 else None
    if member is not None and member not in MEMBERS:
        raise PatchRefused(f"an element has no member {member!r}")
    if len(parts) == 5 and member != "props":
        raise PatchRefused(f"path {path!r} is too deep")
    prop = parts[4].replace("~1", "/").replace("~0", "~") if len(parts) == 5 else None
    return parts[2], member, prop


def _own(elements: Elements, copied: set[str], id_: str) -> Element:
    if id_ not in elements:
        raise PatchRefused(f"there is no element {id_!r}")
    if id_ not in copied:
        elements[id_] = {**elements[id_], "props": dict(elements[id_]["props"])}
        copied.add(id_)
    return elements[id_]


def _put_element(elements: Elements, id_: str, verb: str, op: Mapping[str, Any]) -> None:
    if verb == "add":
        elements[id_] = op["value"]
    else:
        # A merged catch-up also removes what came and went while its reader was away.
        elements.pop(id_, None)


def _put(target: dict[str, Any], name: str, verb: str, op: Mapping[str, Any]) -> None:
    if verb == "add":
        target[name] = op["value"]
    elif target.pop(name, target) is target:
        raise PatchRefused(f"nothing to remove at {op['path']!r}")


def _check_references(elements: Elements) -> None:
    for id_, element in elements.items():
        for other in references(element):
            if other not in elements:
                raise PatchRefused(f"{id_!r} holds {other!r}, which is not there")
