"""Renders elements, one template per component. A part that fails becomes a marked box, the page stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, TemplateNotFound, Undefined
from markupsafe import Markup, escape

from rota_catalog.apply import references
from rota_catalog.catalog import BUILT_IN, Catalog, Look, is_path
from rota_catalog.check import MAX_DEPTH
from rota_catalog.tree import Element
from rota_renderers import format as words

Report = Callable[[str, str, str], None]  # id, code, message

TONE_LOOKS = {"ok": "ok", "failed": "failed", "running": "running", "warn": "warn"}


class HtmlRenderer:
    """Safe to share. `report` hears of every element that could not be shown as it is."""

    def __init__(self, catalog: Catalog, *, report: Report = lambda id_, code, message: None) -> None:
        self._catalog = catalog
        self._report = report
        self._views = _views(catalog)

    def render(
        self,
        elements: Mapping[str, Element],
        root: str,
        *,
        now_ms: int,
        csrf: str | None = None,
        can_act: bool = False,
    ) -> Markup:
        """The whole tree as markup. Never raises for what a tree holds."""
        page = _Page(
            elements=elements,
            catalog=self._catalog,
            views=self._views,
            report=self._report,
            now=now_ms,
            zone=page_zone(elements.get(root)),
            csrf=csrf or "",
            can_act=can_act,
        )
        if root not in elements:
            self._report(root, "no-root", "the tree has no root")
            return page.broken()
        return page.element(root, "")


@dataclass(slots=True, kw_only=True)
class _Page:
    """One rendering; what templates know as `r`."""

    elements: Mapping[str, Element]
    catalog: Catalog
    views: Mapping[str, Callable[..., Markup]]
    report: Report
    now: int
    zone: str
    csrf: str
    can_act: bool
    above: list[str] = field(default_factory=list)

    def element(self, id_: str, within: str) -> Markup:
        element = self.elements[id_]
        if id_ in self.above or len(self.above) >= MAX_DEPTH:
            self.report(id_, "too-deep", "a branch was cut")
            return self._box(id_, element, within, cut=True)
        self.above.append(id_)
        try:
            return self._shown(id_, element, within)
        finally:
            self.above.pop()

    def children(self, id_: str) -> Markup:
        return self._group(id_, self.elements[id_].get("children", ()))

    def slot(self, id_: str, name: str) -> Markup:
        return self._group(id_, self.elements[id_].get("slots", {}).get(name, ()))

    def held(self, id_: str) -> Markup:
        """Slots in their order, then children: what a box shows."""
        return self._group(id_, list(references(self.elements[id_])))

    def look(self, state: object) -> Look:
        return self.catalog.look(str(state))

    def tone_look(self, tone: object) -> Look | None:
        state = TONE_LOOKS.get(str(tone))
        return self.catalog.states[state] if state else None

    def broken(self) -> Markup:
        return self.views["Broken"]("", {}, {}, self)

    def rule(self, action: Mapping[str, Any]) -> Any:
        return self.catalog.actions.get(action["do"])

    def _group(self, parent: str, ids: Any) -> Markup:
        within = str(self.elements[parent]["type"])
        return Markup("".join(self.element(id_, within) for id_ in ids if self._is_there(id_, parent)))

    def _is_there(self, id_: str, parent: str) -> bool:
        if id_ not in self.elements:
            self.report(id_, "missing", f"{parent} holds an element that is not there")
            return False
        return True

    def _shown(self, id_: str, element: Element, within: str) -> Markup:
        view = self.views.get(element["type"])
        if view is None or element["type"] in BUILT_IN:
            return self._box(id_, element, within)
        try:
            return view(id_, element, element["props"], self)
        except Exception as error:
            # Whatever a template can't cope with stays the trouble of this one element.
            self.report(id_, "render", f"{type(error).__name__}: {error}")
            return self._box(id_, element, within, failed=True)

    def _box(
        self, id_: str, element: Element, within: str, *, cut: bool = False, failed: bool = False
    ) -> Markup:
        known = failed or element["type"] in self.catalog.components or element["type"] in BUILT_IN
        name = element["type"] if element["type"] != "Invalid" else element["props"].get("component", "")
        return self.views["Box"](
            id_,
            {
                "title": f"{name} can't be shown" if known or cut else f"Unsupported: {name}",
                "text": element.get("text", ""),
                "in_table": within == "JobTable",
                "cut": cut,
            },
            {},
            self,
        )


def page_zone(root: Element | None) -> str:
    """The zone of every time that names no other: what the page says, else UTC."""
    zone = root["props"].get("zone") if root and root["type"] == "Page" else None
    return zone if isinstance(zone, str) else "UTC"


def attributes(given: Mapping[str, Any]) -> Markup:
    """` name="value"` for each that has one; True stands alone, False, None and missing are left out."""
    parts = []
    for name, value in given.items():
        if value is None or value is False or isinstance(value, Undefined):
            continue
        parts.append(f" {name}" if value is True else f' {name}="{escape(value)}"')
    return Markup("".join(parts))  # names are ours, values are escaped


def safe_path(href: object) -> str | None:
    """The link if it leads to this site, else None. Checked here again: a tree may come from anywhere."""
    return href if isinstance(href, str) and is_path(href) else None


def _views(catalog: Catalog) -> dict[str, Callable[..., Markup]]:
    return {name: _view(name) for name in (*catalog.components, "Box", "Broken")}


class _DataFirst(Environment):
    """`row.copy` in a template is what the row says of it, never the method that every mapping has."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict:
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if type(obj) is dict:
            return obj[argument] if argument in obj else self.undefined(obj=obj, name=argument)
        return super().getitem(obj, argument)


@cache
def _environment() -> Environment:
    environment = _DataFirst(
        loader=PackageLoader("rota_renderers.html"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=Undefined,
        auto_reload=False,
    )
    environment.globals.update(words=words, attrs=attributes, path=safe_path, plain=_plain)
    return environment


@cache
def _view(name: str) -> Callable[..., Markup]:
    try:
        view: Callable[..., Markup] = _environment().get_template(f"{name}.html").module.view  # type: ignore[attr-defined]
    except TemplateNotFound as error:
        raise LookupError(f"the component {name} has no template") from error
    return view


def _plain(value: object) -> str:
    """A value as it stands in a form field: text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
