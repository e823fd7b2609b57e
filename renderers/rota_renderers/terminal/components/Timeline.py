"""When each job runs: one line a job, one character a part of the span; the fuller, the higher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rota_renderers.format import moment
from rota_renderers.terminal.canvas import Canvas, Element, joined, text
from rota_renderers.terminal.look import style_of

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = ".:-=+*#@"
_NAME = 24  # widest column of names
_COUNT = 11
_NARROWEST = 12


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    canvas = canvas.in_zone(props.get("zone", canvas.zone))
    caption = text(props.get("caption") or element.get("text", ""), "dim")
    canvas.says("table", caption.plain)
    if not props["rows"]:
        return caption
    names = min(_NAME, max(len(row["job"]) for row in props["rows"]), canvas.width // 3)
    width = max(_NARROWEST, canvas.width - names - _COUNT - 4)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=names, no_wrap=True, overflow="ellipsis")
    table.add_column(width=width, overflow="fold")
    table.add_column(width=_COUNT, no_wrap=True)
    table.add_row("", _axis(props, canvas, width), "")
    for row in props["rows"]:
        _add(table, row, props, canvas, width)
    return Group(caption, table)


def _axis(props: Mapping[str, Any], canvas: Canvas, width: int) -> Text:
    first, last = (moment(props[end], canvas.now_ms, canvas.zone) for end in ("from", "until"))
    zone = canvas.zone
    if len(first) + len(last) + len(zone) + 4 > width:
        return text(f"{first} to {last} {zone}", "dim")
    gap = width - len(first) - len(last) - len(zone) - 1
    return Text(f"{first}{' ' * gap}{last} {zone}", style="dim")


def _add(table: Table, row: Mapping[str, Any], props: Mapping[str, Any], canvas: Canvas, width: int) -> None:
    canvas.says("row header", row["job"])
    canvas.says_link(row["job"], row.get("href"))
    count = {0: "no runs", 1: "1 run"}.get(row["runs"], f"{row['runs']} runs")
    table.add_row(text(row["job"], "bold"), _picture(row, props, canvas, width), text(count))
    told = joined([text(row.get("note", ""), "dim"), text(row.get("warn", ""), style_of("warn"))])
    if told.plain:
        table.add_row("", told, "")


def _picture(row: Mapping[str, Any], props: Mapping[str, Any], canvas: Canvas, width: int) -> Text:
    shares = _of_density(row["density"], width) if row.get("density") else _of_bars(row, props, width)
    marks = canvas.pick(_BLOCKS, _ASCII)
    line = "".join(marks[min(7, int(share * 8))] if share > 0 else " " for share in shares)
    return Text(line, style=style_of("running"))


def _of_density(density: Sequence[float], width: int) -> list[float]:
    """The fullest part that a character stands for, so that none is lost."""
    parts = len(density)
    return [
        max(density[cell * parts // width : max((cell + 1) * parts // width, cell * parts // width + 1)])
        for cell in range(width)
    ]


def _of_bars(row: Mapping[str, Any], props: Mapping[str, Any], width: int) -> list[float]:
    begin, span = props["from"], max(props["until"] - props["from"], 1)
    shares = [0.0] * width
    for bar in row.get("bars", ()):
        start = (bar["at"] - begin) * width / span
        end = start + max(bar["durationMs"] * width / span, 0.01)
        for cell in range(max(0, int(start)), min(width, int(end) + 1)):
            shares[cell] += max(0.0, min(end, cell + 1) - max(start, cell))
    return shares
