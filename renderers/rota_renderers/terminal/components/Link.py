"""A link, as its words: a terminal has no other page to go to."""

from __future__ import annotations

from rich.console import RenderableType

from rota_renderers.terminal.canvas import Canvas, Element, joined, text


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    canvas.says_link(props["label"], props.get("href"))
    return joined([text(props["label"], "underline"), text(props.get("note", ""), "dim")], " ")
