"""One character a run, oldest first: height is duration, anything but success shows its glyph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from rota_renderers.terminal.canvas import Canvas, Element, joined, text
from rota_renderers.terminal.look import look_of

_BLOCKS = "▁▂▃▄▅▆▇█"


def draw(element: Element, canvas: Canvas) -> RenderableType:
    if element["props"]["runs"]:
        canvas.says("group", element.get("text", ""))
    return joined(
        [bars(element["props"], canvas, most=canvas.width // 2), text(element.get("text", ""), "dim")]
    )


def bars(props: Mapping[str, Any], canvas: Canvas, *, most: int) -> Text:
    """The newest `most` runs."""
    runs = props["runs"][-max(1, most) :]
    longest = max([run.get("durationMs") or 0 for run in runs], default=0)
    line = Text()
    for run in runs:
        look = look_of(run["state"], unicode=canvas.unicode)
        is_bar = run["state"] == "completed" and canvas.unicode
        line.append(_block(run.get("durationMs") or 0, longest) if is_bar else look.glyph, style=look.style)
    return line


def _block(duration: float, longest: float) -> str:
    share = duration / longest if longest else 0
    return _BLOCKS[min(len(_BLOCKS) - 1, int(share * len(_BLOCKS)))]
