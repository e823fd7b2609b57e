"""One figure with its name."""

from __future__ import annotations

from rich.console import RenderableType

from rota_renderers.format import quantity
from rota_renderers.terminal.canvas import Canvas, Element, joined, text
from rota_renderers.terminal.look import style_of


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    shown = quantity(props["value"], props.get("unit", ""))
    canvas.says("term", props["label"])
    canvas.says_link(shown, props.get("href"))
    style = style_of(props["tone"]) if "tone" in props else "bold"
    return joined([text(props["label"], "dim"), text(shown, style), text(props.get("delta", ""), "dim")])
