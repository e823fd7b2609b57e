"""Where something is: glyph, word, since when, why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from rota_renderers.format import elapsed, relative
from rota_renderers.terminal.canvas import Canvas, Element, joined, text

_LASTING = frozenset({"running", "retrying", "pending", "paused", "late", "disabled"})


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    since = text(_since(props, canvas), "dim") if "since" in props else Text()
    word = canvas.state(props["state"], props.get("label"))
    if props.get("size") == "large":
        word.stylize("bold")
    return joined([word, since, text(props.get("reason", ""))])


def _since(props: Mapping[str, Any], canvas: Canvas) -> str:
    if props["state"] in _LASTING:
        return f"for {elapsed(canvas.now_ms - props['since'])}"
    return relative(props["since"], canvas.now_ms)
