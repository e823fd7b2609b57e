"""One line of a log: number, time, text."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from rota_renderers.format import clock
from rota_renderers.plain import plain
from rota_renderers.terminal.canvas import Canvas, Element, text

_STYLES = {"warning": "yellow", "error": "bold red", "meta": "dim italic"}


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    level = props.get("level", "info")
    line = Text(overflow="fold")
    line.append(f"{props['n'] + 1:>5} ", style="dim")
    if "at" in props:
        line.append(f"{clock(props['at'], canvas.zone)} ", style="dim")
    if level in ("warning", "error"):
        line.append_text(text(f"{level}: ", _STYLES[level])).append(" ")
    line.append(plain(props["text"]).replace("\n", " "), style=_STYLES.get(level, ""))
    return line
