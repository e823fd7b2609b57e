"""A message above what it is about."""

from __future__ import annotations

from rich.console import Group, RenderableType

from rota_renderers.terminal.canvas import Canvas, Element, prose, text
from rota_renderers.terminal.look import style_of


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    canvas.says("note")
    style = style_of(props["tone"])
    lines: list[RenderableType] = [text(f"{canvas.pick('┃', '|')} {props['title']}", style)]
    if props.get("body"):
        lines.append(prose(props["body"]))
    return Group(*lines, *canvas.actions(element))
