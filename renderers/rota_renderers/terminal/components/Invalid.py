"""The marked box that the server put in place of an element whose data were wrong."""

from __future__ import annotations

from rich.console import RenderableType

from rota_renderers.terminal.canvas import Canvas, Element, box


def draw(element: Element, canvas: Canvas) -> RenderableType:
    name = element["props"].get("component", "")
    return box(canvas, f"{name} can't be shown", element.get("text", ""), canvas.children(element))
