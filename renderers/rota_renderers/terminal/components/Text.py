"""A paragraph."""

from __future__ import annotations

from rich.console import RenderableType

from rota_renderers.terminal.canvas import Canvas, Element, prose
from rota_renderers.terminal.look import style_of


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    canvas.says("paragraph", props["value"])
    style = style_of(props["tone"]) if "tone" in props else ""
    if props.get("size") == "small":
        style = style or "dim"
    return prose(props["value"], "bold" if props.get("size") == "large" and not style else style)
