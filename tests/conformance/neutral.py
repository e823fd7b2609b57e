"""The outline that all renderers share, read from HTML, and what the catalog says a renderer leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from conformance.outline import Part, parsed
from rota_catalog.apply import references
from rota_catalog.catalog import Catalog
from rota_catalog.tree import Elements
from rota_renderers.outline import Said

# What only arranges on a page (rows, cells, lists, regions) is no part of it: a terminal arranges otherwise.
_ROLES = frozenset(
    {"main", "note", "link", "button", "table", "progressbar", "log", "combobox", "textbox", "spinbutton"}
)
_IF_NAMED = frozenset({"group", "form", "img"})


def said_in(html: str) -> list[Said]:
    """What the page says, in reading order."""
    page = parsed(html)
    return list(_said(page, "", dict(_labels(page))))


def without_declared(
    said: Iterable[Said], renderer: str, catalog: Catalog, elements: Elements, root: str
) -> list[str]:
    """The lines but for those that this renderer may leave out, by the catalog entries of what is around."""
    left_out = dict(_left_out(root, (), renderer, catalog, elements))
    return [str(one) for one in said if not _is_listed(one, left_out.get(one.owner, frozenset()))]


def _left_out(
    id_: str, around: tuple[str, ...], renderer: str, catalog: Catalog, elements: Elements
) -> Iterator[tuple[str, frozenset[str]]]:
    own = elements[id_]["type"]
    entries = [catalog.components[name] for name in (*around, own) if name in catalog.components]
    yield id_, frozenset(line for entry in entries for line in entry.leaves_out(renderer, own))
    for held in references(elements[id_]):
        yield from _left_out(held, (*around, own), renderer, catalog, elements)


def _is_listed(said: Said, listed: frozenset[str]) -> bool:
    return said.role in listed or f"{said.role} {said.name}" in listed


def _said(part: Part, owner: str, labels: Mapping[str, str]) -> Iterator[Said]:
    if part.is_hidden:
        return
    owner = part.attributes.get("data-id") or owner
    if part.attributes.get("aria-current"):
        yield Said(role="current", name=part.attributes["aria-current"] or "", owner=owner)
    role, name = _role(part), _name(part, labels)
    if role in _ROLES or role.startswith("heading") or role in ("row header", "term", "state", "paragraph"):
        yield Said(role=role, name=name, value=_value(part), owner=owner)
    elif role in _IF_NAMED and name:
        yield Said(role=role, name=name, owner=owner)
    for below in part.inside:
        if isinstance(below, Part):
            yield from _said(below, owner, labels)


def _role(part: Part) -> str:
    classes = (part.attributes.get("class") or "").split()
    if "state" in classes and "data-state" in part.attributes:
        return "state"
    if "c-text" in classes:
        return "paragraph"
    if part.tag == "dt":
        return "term"
    if part.tag == "input":
        return "spinbutton" if part.attributes.get("type") == "number" else "textbox"
    return part.role


def _name(part: Part, labels: Mapping[str, str]) -> str:
    role = _role(part)
    if role == "state":
        return part.attributes["data-state"] or ""
    if part.attributes.get("id") in labels:
        return labels[part.attributes["id"] or ""]
    if part.attributes.get("aria-label"):
        return part.attributes["aria-label"] or ""
    if role == "table":
        return _words(next(_tagged(part, "caption")))
    if role == "row header":
        return _words(next(_classed(part, "name")))
    if role in ("main", "note", *_IF_NAMED):
        return part.drawn_name
    return part.drawn_name or _words(part).removeprefix("‹ ")


def _value(part: Part) -> str:
    if "disabled" in part.attributes:
        return "disabled"
    return part.attributes.get("href") or part.attributes.get("aria-valuenow") or ""


def _words(part: Part) -> str:
    return " ".join(" ".join(part.words).split())


def _labels(part: Part) -> Iterator[tuple[str, str]]:
    for label in _tagged(part, "label"):
        yield label.attributes.get("for") or "", _words(label)


def _tagged(part: Part, tag: str) -> Iterator[Part]:
    return (one for one in _all(part) if one.tag == tag)


def _classed(part: Part, name: str) -> Iterator[Part]:
    return (one for one in _all(part) if name in (one.attributes.get("class") or "").split())


def _all(part: Part) -> Iterator[Part]:
    for below in part.inside:
        if isinstance(below, Part):
            yield below
            yield from _all(below)
