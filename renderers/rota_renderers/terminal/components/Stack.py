"""Children below each other, or beside each other where there is room."""

from __future__ import annotations

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.text import Text

from rota_renderers.terminal.canvas import Canvas, Element

_NARROW = 60
_LARGE = frozenset(
    {"Page", "Section", "Stack", "JobTable", "RunTable", "UpcomingList", "LogTail", "StepList"}
)


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    children = canvas.children(element)
    if props.get("dir") == "row" and canvas.width >= _NARROW and _are_small(element, canvas):
        return Columns(children, padding=(0, 3))
    if props.get("gap", "medium") in ("none", "small"):
        return Group(*children)
    spaced = [part for child in children for part in (Text(), child)]
    return Group(*spaced[1:])


def _are_small(element: Element, canvas: Canvas) -> bool:
    """Whether the children fit beside each other: what has lines of its own takes the whole width."""
    held = (canvas.elements.get(id_, {}) for id_ in element.get("children", ()))
    return all(child.get("type") not in _LARGE for child in held)
