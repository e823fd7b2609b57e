"""All jobs: a table where there is room, two lines a job where there is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rota_renderers.format import countdown, duration, moment, percent, relative
from rota_renderers.terminal.canvas import Canvas, Element, joined, text
from rota_renderers.terminal.components.RunHistory import bars

_WIDE = 80
_ROOMY = 110
_BARS = 14


def draw(element: Element, canvas: Canvas) -> RenderableType:
    rows = [canvas.elements[id_] for id_ in element.get("children", ()) if id_ in canvas.elements]
    caption = text(element["props"].get("caption") or element.get("text", ""), "dim")
    if not rows:
        return caption
    return Group(caption, _table(rows, canvas) if canvas.width >= _WIDE else _folded(rows, canvas))


def _table(rows: list[Element], canvas: Canvas) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, expand=False, header_style="dim")
    roomy = canvas.width >= _ROOMY
    for name in ("State", "Job", "Schedule", "History", "Last", "Next"):
        if name != "History" or roomy:
            table.add_column(name, no_wrap=True, overflow="ellipsis", ratio=None)
    for row in rows:
        cells = _cells(row, canvas)
        table.add_row(*(cells if roomy else [*cells[:3], *cells[4:]]))
    return table


def _folded(rows: list[Element], canvas: Canvas) -> RenderableType:
    lines: list[RenderableType] = []
    for row in rows:
        state, name, schedule, history, last, upcoming = _cells(row, canvas)
        head = joined([state, name, upcoming])
        under = joined([Text(" "), schedule, last, history])
        for line in (head, under):
            line.truncate(canvas.width, overflow="ellipsis")
            lines.append(line)
    return Group(*lines)


def _cells(row: Element, canvas: Canvas) -> list[Text]:
    props = row.get("props", {})
    if row.get("type") != "JobRow" or "name" not in props:
        told = text(row.get("text", "") or row.get("type", ""))
        return [canvas.state("unknown"), told, *[Text() for _ in range(4)]]
    return [
        canvas.state(props["state"]),
        text(props["name"], "bold"),
        joined([text(props.get("schedule", "")), text(props.get("zone", ""), "dim")], " "),
        _history(row, canvas),
        _last(props, canvas),
        _next(row, canvas),
    ]


def _history(row: Element, canvas: Canvas) -> Text:
    found = _held(row, "history", canvas)
    return bars(found["props"], canvas, most=_BARS) if found else Text()


def _last(props: Mapping[str, Any], canvas: Canvas) -> Text:
    last = props.get("last")
    if not last:
        return Text()
    at = relative(last["at"], canvas.now_ms) if "at" in last else ""
    took = duration(last["durationMs"]) if "durationMs" in last else ""
    return joined([canvas.glyph(last["state"]), text(took), text(at, "dim")], " ")


def _next(row: Element, canvas: Canvas) -> Text:
    progress = _held(row, "progress", canvas)
    if progress and progress["props"].get("value") is not None:
        return text(f"{percent(progress['props']['value'])} %", "cyan")
    found = _held(row, "next", canvas)
    at = found["props"].get("at") if found else None
    if at is None:
        return Text()
    zone = found["props"].get("zone", canvas.zone) if found else canvas.zone
    return joined([text(countdown(at, canvas.now_ms)), text(moment(at, canvas.now_ms, zone), "dim")], " ")


def _held(row: Element, slot: str, canvas: Canvas) -> Element | None:
    ids = row.get("slots", {}).get(slot, ())
    return canvas.elements.get(ids[0]) if ids else None
