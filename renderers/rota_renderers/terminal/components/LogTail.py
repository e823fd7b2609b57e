"""The end of a log."""

from __future__ import annotations

from rich.console import Group, RenderableType

from rota_renderers.terminal.canvas import Canvas, Element, text


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    total = (
        f"Log, {props['total']} {'line' if props['total'] == 1 else 'lines'}" if "total" in props else "Log"
    )
    raw = text(f"{total}. Raw text: {props['rawHref']}", "dim")
    canvas.says_link("Raw text", props["rawHref"])
    canvas.says("log", element.get("text", ""))
    nothing = "No output" if props.get("end") else "No output yet"
    return Group(raw, *(canvas.children(element) or [text(nothing, "dim")]))
