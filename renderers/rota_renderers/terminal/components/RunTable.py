"""Runs, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rota_renderers.format import duration, elapsed, moment, relative
from rota_renderers.terminal.canvas import Canvas, Element, joined, text

_WIDE = 80
_ONGOING = ("running", "retrying")


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    canvas = canvas.in_zone(props.get("zone", canvas.zone))
    caption = text(props.get("caption") or element.get("text", ""), "dim")
    canvas.says("table", caption.plain)
    table: RenderableType = _table(props, canvas) if canvas.width >= _WIDE else _folded(props["rows"], canvas)
    return Group(caption, *([table] if props["rows"] else ()), *canvas.slot(element, "pager"))


def _table(props: Mapping[str, Any], canvas: Canvas) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("State", "Run", "When", "Took", "Trigger"):
        table.add_column(name, overflow="fold", no_wrap=name != "Run")
    table.add_column(props.get("noteLabel", ""), overflow="fold")
    for row in props["rows"]:
        table.add_row(*_cells(row, canvas))
    return table


def _folded(rows: list[Mapping[str, Any]], canvas: Canvas) -> RenderableType:
    lines: list[RenderableType] = []
    for row in rows:
        state, name, when, took, trigger, rest = _cells(row, canvas)
        lines.append(joined([state, name, took]))
        under = joined([when, trigger, rest])
        lines += [Padding(under, (0, 0, 0, 2), expand=False)] if under.plain else []
    return Group(*lines)


def _cells(row: Mapping[str, Any], canvas: Canvas) -> list[Text]:
    at = row.get("startedAt", row.get("scheduledAt"))
    when = Text()
    if at is not None:
        when = joined(
            [text(moment(at, canvas.now_ms, canvas.zone)), text(relative(at, canvas.now_ms), "dim")], " "
        )
    state = canvas.state(row["state"])
    canvas.says("row header", row["id"])
    canvas.says_link(row["id"], row.get("href"))
    return [
        state,
        joined([text(row["id"]), text(row.get("job", ""), "dim")], " "),
        when,
        text(_took(row, canvas)),
        text(row.get("trigger", ""), "dim"),
        joined([text(_attempt(row)), text(row.get("note", "")), text(row.get("host", ""), "dim")]),
    ]


def _took(row: Mapping[str, Any], canvas: Canvas) -> str:
    if row.get("durationMs") is not None:
        return duration(row["durationMs"])
    if row["state"] in _ONGOING and "startedAt" in row:
        return elapsed(canvas.now_ms - row["startedAt"])
    return ""


def _attempt(row: Mapping[str, Any]) -> str:
    if "attempt" not in row:
        return ""
    return f"attempt {row['attempt']}" + (f" of {row['maxAttempts']}" if "maxAttempts" in row else "")
