"""Render trees as terminal text, by Rich. Knows only trees and the catalog."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from rota_renderers.outline import Said
from rota_renderers.terminal.canvas import Canvas, Element
from rota_renderers.terminal.components import COMPONENTS


def render(
    elements: Mapping[str, Element], root: str, *, now_ms: int, width: int, unicode: bool = True
) -> RenderableType:
    """The tree as something Rich prints; no line is wider than `width` cells on a console of that width.

    `now_ms` is the time that lengths and distances are told from. Never raises for what is in the tree: an
    element that can't be drawn becomes a marked box, a tree without its root a sentence that says so.
    """
    canvas = Canvas(elements=elements, components=COMPONENTS, now_ms=now_ms, width=width, unicode=unicode)
    drawn = canvas.draw(root)
    if drawn is None:
        return Group(
            Text("This page can't be shown: its tree has no root.", style="yellow"), Text("Try again.")
        )
    return drawn


def outline(elements: Mapping[str, Element], root: str, *, now_ms: int, width: int) -> list[Said]:
    """What `render` draws at that width, in reading order."""
    canvas = Canvas(elements=elements, components=COMPONENTS, now_ms=now_ms, width=width)
    canvas.draw(root)
    return canvas.said
