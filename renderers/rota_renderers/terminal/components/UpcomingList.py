"""What runs next, soonest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rota_renderers.format import countdown, moment
from rota_renderers.terminal.canvas import Canvas, Element, joined, text


def draw(element: Element, canvas: Canvas) -> RenderableType:
    items = element["props"]["items"]
    if not items:
        return text(element.get("text") or "Nothing is planned", "dim")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for item in items:
        table.add_row(text(countdown(item["at"], canvas.now_ms)), _what(item, canvas))
    return Group(table)


def _what(item: Mapping[str, Any], canvas: Canvas) -> Text:
    canvas.says_link(item.get("label") or item["job"], item.get("href"))
    at = moment(item["at"], canvas.now_ms, item.get("zone", canvas.zone))
    return joined(
        [
            text(item.get("label") or item["job"], "bold"),
            text(f"{at} {item.get('zone', '')}", "dim"),
            text(item.get("note", "")),
            text("overlaps" if item.get("conflict") else "", "yellow"),
        ]
    )
