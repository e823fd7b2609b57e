"""How long until an instant, with the instant beside it."""

from __future__ import annotations

from rich.console import RenderableType

from rota_renderers.format import countdown, moment
from rota_renderers.terminal.canvas import Canvas, Element, joined, text


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    label = text(props["label"], "dim")
    at = props["at"]
    if at is None:
        return joined([label, text("not planned"), text(props.get("note", ""), "dim")])
    zone = props.get("zone", canvas.zone)
    exact = text(f"{moment(at, canvas.now_ms, zone)} {props.get('zone', '')}", "dim")
    return joined(
        [
            label,
            text(countdown(at, canvas.now_ms, props.get("overdueLabel", ""))),
            exact,
            text(props.get("note", "")),
        ]
    )
