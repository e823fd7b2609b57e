"""A whole page: a rule with its title, then what it holds, one below the other."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from rota_renderers.format import moment, relative
from rota_renderers.terminal.canvas import Canvas, Element, joined, text


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    canvas = canvas.in_zone(props.get("zone", canvas.zone))
    lines: list[RenderableType] = [_head(element, canvas)]
    if props.get("subtitle"):
        lines.append(text(props["subtitle"], "dim"))
    lines += canvas.actions(element)
    for drawn in (*canvas.slot(element, "header"), *canvas.children(element), *canvas.slot(element, "side")):
        lines += [Text(), drawn]
    if props.get("updatedAt") is not None:
        at = props["updatedAt"]
        lines += [
            Text(),
            text(f"Changed {relative(at, canvas.now_ms)} ({moment(at, canvas.now_ms, canvas.zone)})", "dim"),
        ]
    return Group(*lines)


def _head(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    canvas.says("main")
    if "back" in props:
        canvas.says_link(props["back"]["label"], props["back"]["href"])
    canvas.says("heading 1", props["title"])
    title = joined(
        [
            text(f"{props['back']['label']} /", "dim") if "back" in props else Text(),
            text(props["title"], "bold"),
            text(f"({props['attention']})", "bold red") if props.get("attention") else Text(),
            text(f"times in {canvas.zone}", "dim"),
        ],
        " ",
    )
    rule = canvas.pick("─", "-") * canvas.width
    return Group(title, Text(rule, style="dim"))
