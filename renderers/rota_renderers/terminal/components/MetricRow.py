"""One figure with its name."""

from __future__ import annotations

from rich.console import RenderableType

from rota_renderers.terminal.canvas import Canvas, Element, joined, text
from rota_renderers.terminal.look import style_of
from rota_renderers.terminal.words import figure

_IN_WORDS = ("bytes", "ms")


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    unit = props.get("unit")
    shown = figure(props["value"], unit)
    if unit and unit not in _IN_WORDS and props["value"] is not None:
        shown = f"{shown} {unit}"
    style = style_of(props["tone"]) if "tone" in props else "bold"
    return joined([text(props["label"], "dim"), text(shown, style), text(props.get("delta", ""), "dim")])
