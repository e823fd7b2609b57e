"""Every example of every component as a tree, and the instant that all examples are written for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rota_catalog.catalog import Catalog, load
from rota_catalog.tree import Elements

NOW = 1_790_244_000_000  # 2026-09-24T10:00:00Z
ROOT = "root"

_ENVELOPE = ("props", "children", "slots", "actions", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    component: str
    name: str
    elements: Elements
    facts: tuple[str, ...]
    root: str = ROOT

    def __str__(self) -> str:
        return f"{self.component}: {self.name}"


def examples(catalog: Catalog | None = None) -> list[Example]:
    """All of them, in the order of the catalog."""
    return [
        _example(component.name, raw)
        for component in (catalog or load()).components.values()
        for raw in component.examples
    ]


def element(component: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The element an example describes."""
    return {"type": component, **{name: raw[name] for name in _ENVELOPE if name in raw}}


def document(elements: Elements, root: str = ROOT) -> dict[str, Any]:
    """A whole tree with a position, as it travels."""
    catalog = load()
    return {
        "tree": "1.0",
        "catalog": {"id": catalog.id, "version": catalog.version},
        "topic": "gallery",
        "epoch": "00000000",
        "seq": 0,
        "now": NOW,
        "root": root,
        "elements": elements,
    }


def _example(component: str, raw: Mapping[str, Any]) -> Example:
    elements = {ROOT: element(component, raw), **raw.get("elements", {})}
    if component == "JobRow":
        # A row stands in a table: browsers drop it anywhere else.
        elements = {"row": elements.pop(ROOT), **elements, ROOT: _table("row")}
    return Example(
        component=component, name=raw["name"], elements=elements, facts=tuple(raw.get("facts", ()))
    )


def _table(row: str) -> dict[str, Any]:
    return {"type": "JobTable", "props": {"order": "name"}, "children": [row], "text": "1 job"}
