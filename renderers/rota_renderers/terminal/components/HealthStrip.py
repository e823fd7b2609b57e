"""The parts of the scheduler; whatever is not well says so in a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from rota_renderers.format import relative
from rota_renderers.terminal.canvas import Canvas, Element, joined, text
from rota_renderers.terminal.look import look_of

_BETWEEN = "   "


def draw(element: Element, canvas: Canvas) -> RenderableType:
    lines: list[Text] = []
    for item in (_item(item, canvas) for item in element["props"]["items"]):
        if lines and lines[-1].cell_len + len(_BETWEEN) + item.cell_len <= canvas.width:
            lines[-1] = Text(_BETWEEN).join([lines[-1], item])
        else:
            lines.append(item)
    return Group(*lines)


def _item(item: Mapping[str, Any], canvas: Canvas) -> Text:
    look = look_of(item["state"], unicode=canvas.unicode)
    glyph = canvas.glyph(item["state"])
    word = text("" if item["state"] == "ok" else look.word, look.style)
    at = relative(item["at"], canvas.now_ms) if "at" in item else ""
    told = [text(item["label"]), word, text(item.get("note", ""), "dim"), text(at, "dim")]
    return joined([glyph, *told], " ")
