"""Facts by name, in two columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from rota_renderers.format import elapsed, moment, quantity, relative
from rota_renderers.terminal.canvas import Canvas, Element, joined, prose, text


def draw(element: Element, canvas: Canvas) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", max_width=max(10, canvas.width // 3), overflow="fold")
    table.add_column(overflow="fold")
    for row in element["props"]["rows"]:
        canvas.says("term", row["key"])
        table.add_row(text(row["key"]), _fact(row, canvas))
    return table


def _fact(row: Mapping[str, Any], canvas: Canvas) -> Text:
    state = canvas.state(row["state"]) if "state" in row else Text()
    value = _value(row, canvas)
    canvas.says_link(value.plain, row.get("href"))
    return joined([state, value, text(row.get("note", ""), "dim")])


def _value(row: Mapping[str, Any], canvas: Canvas) -> Text:
    zone = row.get("zone", canvas.zone)
    if "at" in row:
        at = row["at"]
        named = f" {row['zone']}" if "zone" in row else ""
        return text(f"{moment(at, canvas.now_ms, zone)}{named} ({relative(at, canvas.now_ms)})")
    if "since" in row:
        return text(elapsed(canvas.now_ms - row["since"]))
    value = row.get("value")
    return prose(quantity(value, row.get("unit", "")), "dim" if value is None else "")
