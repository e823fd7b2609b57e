"""All jobs: a table where there is room, two lines a job where there is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rota_renderers.format import countdown, duration, elapsed, moment, percent, relative
from rota_renderers.terminal.canvas import Canvas, Element, joined, text
from rota_renderers.terminal.components.ProgressBar import steps
from rota_renderers.terminal.components.RunHistory import bars

_WIDE = 80
_ROOMY = 110
_LAVISH = 140
_BARS = 14
_COLUMNS = ("State", "Job", "Schedule", "History", "Last", "Next")


def draw(element: Element, canvas: Canvas) -> RenderableType:
    caption = text(element["props"].get("caption") or element.get("text", ""), "dim")
    canvas.says("table", caption.plain)
    ids = [id_ for id_ in element.get("children", ()) if id_ in canvas.elements]
    rows = [_cells(canvas.elements[id_], canvas.inside(id_)) for id_ in ids]
    if not rows:
        return caption
    return Group(caption, _table(rows, canvas) if canvas.width >= _WIDE else _folded(rows, canvas))


def _table(rows: list[list[Text]], canvas: Canvas) -> RenderableType:
    roomy = canvas.width >= _ROOMY
    names = [name for name in _COLUMNS if name != "History" or roomy]
    cells = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    widths = {name: max(len(name), *(row[name].cell_len for row in cells)) for name in names}
    _shrink(widths, canvas.width - 2 * (len(names) - 1))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, no_wrap=True, overflow="ellipsis", width=widths[name])
    for row in cells:
        table.add_row(*(row[name] for name in names))
    return table


def _shrink(widths: dict[str, int], room: int) -> None:
    """Take what is too much from the columns that can spare it, the state never."""
    for name, least in (("Schedule", 12), ("Job", 16), ("Next", 8), ("Last", 8), ("Job", 4)):
        too_much = sum(widths.values()) - room
        if too_much > 0:
            widths[name] = max(min(least, widths[name]), widths[name] - too_much)


def _folded(rows: list[list[Text]], canvas: Canvas) -> RenderableType:
    lines: list[RenderableType] = []
    for state, name, schedule, history, last, upcoming in rows:
        head = joined([state, name, upcoming])
        under = joined([Text(" "), schedule, last, history])
        for line in (head, under):
            line.truncate(canvas.width, overflow="ellipsis")
            lines.append(line)
    return Group(*lines)


def _cells(row: Element, canvas: Canvas) -> list[Text]:
    if row.get("type") == "JobRow":
        before = len(canvas.said)
        try:
            return _shown(row, canvas)
        except Exception:  # one row that can't be drawn must not take the table with it
            del canvas.said[before:]
            return _marked("JobRow can't be shown", row, canvas)
    if row.get("type") == "Invalid":
        return _marked(f"{row['props'].get('component', '')} can't be shown", row, canvas)
    return _marked(f"Unsupported: {row.get('type')}", row, canvas)


def _marked(title: str, row: Element, canvas: Canvas) -> list[Text]:
    told = joined([text(title, "yellow"), text(row.get("text", ""))])
    return [canvas.state("unknown"), told, *[Text() for _ in range(len(_COLUMNS) - 2)]]


def _shown(row: Element, canvas: Canvas) -> list[Text]:
    props = row["props"]
    state = canvas.state(props["state"])
    canvas.says("row header", props["name"])
    canvas.says_link(props["name"], props.get("href"))
    return [
        state,
        text(props["name"], "bold"),
        _schedule(props, canvas),
        _history(row, canvas),
        _progress_or_last(row, canvas),
        _next(row, canvas),
    ]


def _schedule(props: Mapping[str, Any], canvas: Canvas) -> Text:
    zone = props.get("zone", "")
    # The page's own zone goes without saying, and without costing the words that matter their place.
    return joined([text(props.get("schedule", "")), text("" if zone == canvas.zone else zone, "dim")], " ")


def _history(row: Element, canvas: Canvas) -> Text:
    found = _held(row, "history", canvas)
    return bars(found["props"], canvas, most=_BARS) if found else Text()


def _progress_or_last(row: Element, canvas: Canvas) -> Text:
    """How far it is while it runs; how it went last, where there is room for both or nothing runs."""
    progress = _held(row, "progress", canvas)
    if not progress:
        return _last(row["props"], canvas)
    props = progress["props"]
    going = f"{percent(props['value'])} %" if props.get("value") is not None else ""
    if not going and "startedAt" in props:
        going = elapsed(canvas.now_ms - props["startedAt"])
    canvas.inside(row["slots"]["progress"][0]).says("progressbar", props["label"], steps(props.get("value")))
    return joined([text(going, "cyan"), _last(row["props"], canvas) if canvas.width >= _LAVISH else Text()])


def _last(props: Mapping[str, Any], canvas: Canvas) -> Text:
    last = props.get("last")
    if not last:
        return Text()
    at = relative(last["at"], canvas.now_ms) if "at" in last else ""
    took = duration(last["durationMs"]) if "durationMs" in last and _has_room(canvas) else ""
    glyph = canvas.glyph(last["state"])
    if at:
        canvas.says_link(at, last.get("href"))
    return joined([glyph, text(took), text(at, "dim")], " ")


def _next(row: Element, canvas: Canvas) -> Text:
    found = _held(row, "next", canvas)
    at = found["props"].get("at") if found else None
    if at is None:
        return Text()
    zone = found["props"].get("zone", canvas.zone) if found else canvas.zone
    exact = moment(at, canvas.now_ms, zone) if _has_room(canvas) else ""
    return joined([text(countdown(at, canvas.now_ms)), text(exact, "dim")], " ")


def _has_room(canvas: Canvas) -> bool:
    """Whether times may be told twice, as a distance and as an instant."""
    return canvas.width >= _ROOMY


def _held(row: Element, slot: str, canvas: Canvas) -> Element | None:
    ids = row.get("slots", {}).get(slot, ())
    return canvas.elements.get(ids[0]) if ids else None
