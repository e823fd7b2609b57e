"""The marked box for an element of a kind that is not in the catalog."""

from __future__ import annotations

from rich.console import RenderableType

from rota_renderers.terminal.canvas import Canvas, Element, box


def draw(element: Element, canvas: Canvas) -> RenderableType:
    name = element["props"].get("component", "")
    return box(canvas, f"Unsupported: {name}", element.get("text", ""), canvas.children(element))
