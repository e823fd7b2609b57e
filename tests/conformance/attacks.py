"""Strings that try to be more than text, and trees that don't hold together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rota_catalog.catalog import Schema, load
from rota_catalog.tree import Elements

HOSTILE = (
    "</script><script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 1'>",
    '" onmouseover="window.broken = 1" x="',
    "java\tscript:window.broken=1",
    "JaVaScRiPt:window.broken=1",
    "[red]rich[/red] [link=file:///etc/passwd]x[/link]",
    "\x1b[31mred\x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "\u202eevil\u202c \u2066x\u2069",
    "{{ 7 * 7 }} ${7*7} {% raw %}",
    "w" * 8000,
    "__proto__",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A tree that is not as it should be, what a page shows instead, and what it reports."""

    name: str
    elements: Elements
    shows: tuple[str, ...]
    reports: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    root: str = "root"


def hostile_trees(attack: str) -> Iterator[tuple[str, Elements]]:
    """One tree for each component: its first example with every free string replaced."""
    for component in load().components.values():
        example = component.examples[0]
        root = {
            "type": component.name,
            "props": _poisoned(example["props"], component.props, attack),
            "text": attack[:280],
        }
        elements: Elements = {"root": root}
        if component.name == "JobRow":
            table = {
                "type": "JobTable",
                "props": {"order": "name"},
                "children": ["row"],
                "text": attack[:280],
            }
            elements = {"root": table, "row": root}
        yield component.name, elements


def degradations() -> list[Broken]:
    """The table of what is shown when something is wrong."""
    text = {"type": "Text", "props": {"value": "a child"}, "text": "a child"}
    chain = {f"s{n}": _stack(f"s{n + 1}") for n in range(40)}
    return [
        Broken(
            name="props that were refused",
            elements={"root": _invalid("JobRow", "child"), "child": text},
            shows=("JobRow can't be shown", "what it said", "a child"),
        ),
        Broken(
            name="a component of a later catalog",
            elements={
                "root": {
                    "type": "Hologram",
                    "props": {},
                    "text": "in depth",
                    "slots": {"s": ["a"]},
                    "children": ["b"],
                },
                "a": text,
                "b": {**text, "props": {"value": "another"}},
            },
            shows=("Unsupported: Hologram", "in depth", "a child", "another"),
        ),
        Broken(
            name="an unknown prop",
            elements={"root": {**text, "props": {"value": "a child", "depth": "secret"}}},
            shows=("a child",),
            hides=("secret", "can't be shown"),
        ),
        Broken(
            name="an unknown state",
            elements={"root": {"type": "PhaseIndicator", "props": {"state": "melting"}, "text": "melting"}},
            shows=("melting",),
        ),
        Broken(
            name="props a renderer can't cope with",
            elements={"root": {"type": "RunTable", "props": {"rows": 7}, "text": "seven"}},
            shows=("RunTable can't be shown", "seven"),
            reports=("render",),
        ),
        Broken(
            name="a child that is not there",
            elements={"root": _stack("gone", "a"), "a": text},
            shows=("a child",),
            reports=("missing",),
        ),
        Broken(
            name="no root",
            elements={"a": text},
            shows=("This page can't be shown", "Try again"),
            reports=("no-root",),
        ),
        Broken(
            name="a cycle",
            elements={"root": _stack("a"), "a": _stack("root")},
            shows=("Stack can't be shown",),
            reports=("too-deep",),
        ),
        Broken(
            name="too deep",
            elements={"root": _stack("s0"), **chain, "s40": text},
            shows=("can't be shown",),
            reports=("too-deep",),
            hides=("a child",),
        ),
        Broken(
            name="one row of a table",
            elements={
                "root": {"type": "JobTable", "props": {"order": "name"}, "children": ["x"], "text": "1 job"},
                "x": _invalid("JobRow"),
            },
            shows=("JobRow can't be shown", "what it said", "1 job"),
        ),
    ]


def _stack(*children: str) -> dict[str, Any]:
    return {"type": "Stack", "props": {}, "children": list(children)}


def _invalid(component: str, *children: str) -> dict[str, Any]:
    held = {"children": list(children)} if children else {}
    return {"type": "Invalid", "props": {"component": component}, "text": "what it said", **held}


def _poisoned(value: Any, schema: Schema, attack: str) -> Any:
    if isinstance(value, Mapping):
        props = schema.get("properties", {})
        return {name: _poisoned(item, props.get(name, {}), attack) for name, item in value.items()}
    if isinstance(value, list):
        return [_poisoned(item, schema.get("items", {}), attack) for item in value]
    return attack if isinstance(value, str) else value
