"""Whether a tree may be shown: its elements against the catalog, its structure in one walk.

An element whose own data is wrong is replaced by a marked box and the rest is shown; a tree whose
structure is broken is refused whole, so that the last good one stays.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from re import compile as regex
from typing import Any

from rota_catalog.apply import RESERVED, references
from rota_catalog.catalog import BUILT_IN, Catalog, Component
from rota_catalog.tree import Element, Elements, clip

MAX_DEPTH = 32
MAX_ELEMENTS = 5000
MAX_STRING = 8192
MAX_TEXT = 280
MAX_ACTIONS = 8

_ID = regex(r"[a-z][a-z0-9_-]{0,63}(\.[a-z0-9_-]{1,64})*")
_ENVELOPE = frozenset({"type", "props", "children", "slots", "actions", "text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one element; `pointer` leads into its props, or names a member of the element."""

    id: str
    component: str
    pointer: str
    message: str


class BrokenTree(Exception):
    """The structure does not hold together: nothing of this tree can be shown."""


def faults(catalog: Catalog, id_: str, element: Element) -> list[Fault]:
    """Everything wrong with one element by itself; [] when it may be shown."""
    component = str(element.get("type"))
    return [Fault(id=id_, component=component, pointer=p, message=m) for p, m in _wrong(catalog, element)]


def replaced(element: Element) -> Element:
    """The marked box in place of an element: it keeps what the element holds and its text."""
    box: Element = {"type": "Invalid", "props": {"component": clip(clean(str(element.get("type"))), 60)}}
    held = list(references(element))
    if held:
        box["children"] = held
    text = element.get("text")
    if isinstance(text, str) and text:
        box["text"] = clip(clean(text))
    return box


def clean(text: str) -> str:
    """The text without halves of surrogate pairs, which no encoding can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


def walk(elements: Mapping[str, Element], root: str) -> None:
    """Root there, every reference there, one parent each, no cycle, not too deep. Raises BrokenTree."""
    if root not in elements:
        raise BrokenTree(f"the root {root!r} is not there")
    if len(elements) > MAX_ELEMENTS:
        raise BrokenTree(f"{len(elements)} elements; at most {MAX_ELEMENTS} can be shown")
    seen = {root}
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for id_ in level for child in _held(elements, id_, seen)]
        if not level:
            break
    else:
        raise BrokenTree(f"deeper than {MAX_DEPTH} levels")
    if len(seen) != len(elements):
        orphan = next(id_ for id_ in elements if id_ not in seen)
        raise BrokenTree(f"nothing holds {orphan!r}")


def admit(
    catalog: Catalog, elements: Mapping[str, Element], changed: Iterable[str], root: str
) -> tuple[Elements, list[Fault]]:
    """The tree as it may be shown, `changed` elements checked and the others trusted, with what was wrong.

    Raises BrokenTree.
    """
    admitted = dict(elements)
    found: list[Fault] = []
    for id_ in changed:
        if not _ID.fullmatch(id_) or len(id_) > 160 or RESERVED.intersection(id_.split(".")):
            raise BrokenTree(f"{id_!r} can't be an id")
        wrong = faults(catalog, id_, elements[id_])
        if wrong:
            found.extend(wrong)
            admitted[id_] = replaced(elements[id_])
    walk(admitted, root)
    for fault in misplaced(catalog, admitted):
        found.append(fault)
        admitted[fault.id] = replaced(admitted[fault.id])
    return admitted, found


def misplaced(catalog: Catalog, elements: Mapping[str, Element]) -> list[Fault]:
    """Elements that the component around them does not take; boxes may stand anywhere."""
    return [
        Fault(
            id=id_, component=elements[id_]["type"], pointer="type", message=f"{place} takes no such element"
        )
        for parent in elements.values()
        for place, allowed, ids in _places(catalog, parent)
        for id_ in ids
        if elements[id_]["type"] not in allowed and elements[id_]["type"] not in BUILT_IN
    ]


def _places(catalog: Catalog, element: Element) -> Iterator[tuple[str, tuple[str, ...], Iterable[str]]]:
    """Where an element holds others of certain types only: what the place is called, the types, the ids."""
    component = catalog.components.get(element["type"])
    if component is None:
        return
    if isinstance(component.children, tuple):
        yield component.name, component.children, element.get("children", ())
    for name, ids in element.get("slots", {}).items():
        allowed = component.slots.get(name, "any")
        if isinstance(allowed, tuple):
            yield f"{name} of {component.name}", allowed, ids


def _held(elements: Mapping[str, Element], id_: str, seen: set[str]) -> Iterator[str]:
    for child in references(elements[id_]):
        if child not in elements:
            raise BrokenTree(f"{id_!r} holds {child!r}, which is not there")
        if child in seen:
            raise BrokenTree(f"{child!r} is held twice")
        seen.add(child)
        yield child


def _wrong(catalog: Catalog, element: Element) -> Iterator[tuple[str, str]]:
    component = catalog.components.get(element.get("type", ""))
    for name in element.keys() - _ENVELOPE:
        yield name, "an element has no such member"
    if component is None:
        if element.get("type") not in BUILT_IN:
            yield "type", "there is no such component"
        return
    yield from _wrong_envelope(component, element)
    yield from _wrong_strings(element["props"], "")
    for error in component.validator.iter_errors(element["props"]):
        yield "".join(f"/{part}" for part in error.absolute_path), clip(clean(error.message), 200)
    yield from _wrong_actions(catalog, component, element)


def _wrong_envelope(component: Component, element: Element) -> Iterator[tuple[str, str]]:
    text = element.get("text", "")
    if not text and not component.layout:
        yield "text", "missing; it stands in where the component can't be shown"
    if len(text) > MAX_TEXT:
        yield "text", f"longer than {MAX_TEXT} characters"
    yield from _wrong_strings(text, "text")
    if element.get("children") and component.children == "none":
        yield "children", "takes no children"
    for name in element.get("slots", {}):
        if name not in component.slots:
            yield f"slots/{name}", "there is no such slot"


def _wrong_actions(catalog: Catalog, component: Component, element: Element) -> Iterator[tuple[str, str]]:
    actions = element.get("actions", [])
    if len(actions) > MAX_ACTIONS:
        yield "actions", f"more than {MAX_ACTIONS}"
    for n, action in enumerate(actions):
        rule = catalog.actions.get(action["do"])
        if rule is None or not component.takes_action(action["do"]):
            yield f"actions/{n}/do", f"{action['do']} is not possible here"
            continue
        if not 1 <= len(action["label"]) <= 40:
            yield f"actions/{n}/label", "from 1 to 40 characters"
        for error in rule.validator.iter_errors(action["args"]):
            yield f"actions/{n}/args", clip(clean(error.message), 200)


def _wrong_strings(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str | float):
        yield from ((pointer, message) for message in _wrong_scalar(value))
    elif isinstance(value, list | tuple):
        for n, item in enumerate(value):
            yield from _wrong_strings(item, f"{pointer}/{n}")
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in RESERVED:
                yield f"{pointer}/{name}", "a reserved name"
            yield from _wrong_strings(item, f"{pointer}/{name}")


def _wrong_scalar(value: str | float) -> Iterator[str]:
    if isinstance(value, float):
        if not math.isfinite(value):
            yield "not a finite number"
        return
    if len(value) > MAX_STRING:
        yield f"longer than {MAX_STRING} characters"
    if not value.isascii() and clean(value) != value:
        yield "holds half a surrogate pair"
