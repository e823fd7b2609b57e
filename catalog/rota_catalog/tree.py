"""Render trees: a flat map from id to element, written as nested nodes.

Authors build nested `Node` values; `document` flattens them. Elements are plain JSON-ready dictionaries, the
same shape that travels over the wire (schema: `schema/tree.json`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from re import compile as regex
from typing import Any

TREE_VERSION = "1.0"

Element = dict[str, Any]
Elements = dict[str, Element]

_SEGMENT = regex(r"[a-z0-9_-]{1,64}")
_TEXT_LIMIT = 280


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A reference to an action of the catalog; `disabled` is the reason key when it can't be used now."""

    do: str
    label: str
    args: Mapping[str, Any] = field(default_factory=dict)
    expect: Mapping[str, Any] | None = None
    disabled: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One element with its children inside. `text` is required unless the component is `layout`."""

    type: str
    id: str
    props: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    children: Sequence[Node] = ()
    slots: Mapping[str, Sequence[Node]] = field(default_factory=dict)
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole tree of one topic, before it gets a position (epoch and seq)."""

    topic: str
    root: str
    elements: Elements


def document(topic: str, root: Node) -> Document:
    """Flatten nested nodes. Raises ValueError when two elements share an id."""
    return Document(topic=topic, root=root.id, elements=flatten(root))


def flatten(root: Node) -> Elements:
    """The node and everything below it as a flat map. Raises ValueError when two elements share an id."""
    elements: Elements = {}
    for node in _walk(root):
        if node.id in elements:
            raise ValueError(f"two elements share the id {node.id!r}")
        elements[node.id] = element(node)
    return elements


def element(node: Node) -> Element:
    """The envelope of one node; empty members are left out."""
    built: Element = {"type": node.type, "props": dict(node.props)}
    if node.children:
        built["children"] = [child.id for child in node.children]
    slots = {name: [child.id for child in nodes] for name, nodes in node.slots.items() if nodes}
    if slots:
        built["slots"] = slots
    if node.actions:
        built["actions"] = [_action(action) for action in node.actions]
    if node.text:
        built["text"] = clip(node.text)
    return built


def segment(name: str) -> str:
    """A name as one segment of an element id: itself when it fits, else a slug and a hash of the original."""
    if _SEGMENT.fullmatch(name):
        return name
    slug = "".join(c if c in "abcdefghijklmnopqrstuvwxyz0123456789_-" else "-" for c in name.lower())[:48]
    return f"{slug.strip('-') or 'x'}-{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def clip(text: str, limit: int = _TEXT_LIMIT) -> str:
    """At most `limit` characters, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for group in (*node.slots.values(), node.children):
        for child in group:
            yield from _walk(child)


def _action(action: Action) -> dict[str, Any]:
    built: dict[str, Any] = {"do": action.do, "label": action.label, "args": dict(action.args)}
    if action.expect is not None:
        built["expect"] = dict(action.expect)
    if action.disabled is not None:
        built["disabled"] = action.disabled
    return built
