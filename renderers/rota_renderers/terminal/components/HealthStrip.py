"""The parts of the scheduler; whatever is not well says so in a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from rota_renderers.format import relative
from rota_renderers.terminal.canvas import Canvas, Element, joined, text
from rota_renderers.terminal.look import look_of


def draw(element: Element, canvas: Canvas) -> RenderableType:
    items = [_item(item, canvas) for item in element["props"]["items"]]
    return Text("   ").join(items)


def _item(item: Mapping[str, Any], canvas: Canvas) -> Text:
    look = look_of(item["state"], unicode=canvas.unicode)
    word = text("" if item["state"] == "ok" else look.word, look.style)
    at = relative(item["at"], canvas.now_ms) if "at" in item else ""
    told = [text(item["label"]), word, text(item.get("note", ""), "dim"), text(at, "dim")]
    return joined([Text(look.glyph, style=look.style), *told], " ")
