"""Where something is: glyph, word, since when, why."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from rota_renderers.format import relative
from rota_renderers.terminal.canvas import Canvas, Element, joined, text


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    since = text(relative(props["since"], canvas.now_ms), "dim") if "since" in props else Text()
    word = canvas.state(props["state"], props.get("label"))
    if props.get("size") == "large":
        word.stylize("bold")
    return joined([word, since, text(props.get("reason", ""))])
