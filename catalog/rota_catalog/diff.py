"""What changed between two trees: RFC 6902 with `add` and `remove` only.

A path names an element, a member of an element, or a member of its props. `add` on what is there replaces it.
Arrays are replaced whole: with stable ids nothing needs an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rota_catalog.equal import same
from rota_catalog.tree import Element

Op = dict[str, Any]

MEMBERS = ("props", "children", "slots", "actions", "text")


def diff(old: Mapping[str, Element], new: Mapping[str, Element]) -> list[Op]:
    """Operations that turn `old` into `new`; [] when they are the same."""
    ops = [remove(id_) for id_ in old if id_ not in new]
    for id_, element in new.items():
        before = old.get(id_)
        if before is None or before["type"] != element["type"]:
            ops.append(add(id_, element))
        elif before is not element:
            ops.extend(_changes(id_, before, element))
    return ops


def add(id_: str, element: Element) -> Op:
    return {"op": "add", "path": f"/elements/{id_}", "value": element}


def remove(id_: str) -> Op:
    return {"op": "remove", "path": f"/elements/{id_}"}


def _changes(id_: str, old: Element, new: Element) -> Iterator[Op]:
    path = f"/elements/{id_}"
    yield from _members(f"{path}/props", old["props"], new["props"])
    yield from _members(path, _rest(old), _rest(new))


def _rest(element: Element) -> Element:
    return {name: element[name] for name in MEMBERS[1:] if name in element}


def _members(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Op]:
    for name in old:
        if name not in new:
            yield {"op": "remove", "path": f"{path}/{_escape(name)}"}
    for name, value in new.items():
        if name not in old or not same(old[name], value):
            yield {"op": "add", "path": f"{path}/{_escape(name)}", "value": value}


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
