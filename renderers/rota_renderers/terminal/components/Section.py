"""A part of a page: its heading, then what it holds."""

from __future__ import annotations

from rich.console import Group, RenderableType

from rota_renderers.terminal.canvas import Canvas, Element, joined, text
from rota_renderers.terminal.look import style_of


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    style = f"bold {style_of(props['tone'])}" if "tone" in props else "bold"
    count = f"({props['count']})" if "count" in props else ""
    heading = joined(
        [text(props["title"], style), text(count, style), text(props.get("note", ""), "dim")], " "
    )
    canvas.says(f"heading {props.get('level', 2)}", props["title"])
    return Group(heading, *canvas.actions(element), *canvas.children(element))
