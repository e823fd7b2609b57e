"""Why there is nothing here."""

from __future__ import annotations

from rich.console import Group, RenderableType

from rota_renderers.terminal.canvas import Canvas, Element, prose, text


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    lines: list[RenderableType] = [text(props["title"])]
    if props.get("hint"):
        lines.append(prose(props["hint"], "dim"))
    return Group(*lines, *canvas.actions(element))
