"""How far something is and when it will be done: `[####   ] 43 % 26 s of ~1 min`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from rota_renderers.format import duration, elapsed, left, number, over, percent
from rota_renderers.terminal.canvas import Canvas, Element, joined, text
from rota_renderers.terminal.look import look_of

_GOING = ("running", "retrying", "pending")


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    state = props.get("state", "running")
    canvas.says_link(props["label"], props.get("href"))
    canvas.says("progressbar", props["label"], steps(props.get("value")))
    head = joined([text(props["label"]), text(props.get("stepText", ""), "dim")])
    word = Text() if state in _GOING else canvas.state(state)
    facts = [text(fact) for fact in _facts(props, canvas)]
    line = joined([_bar(props.get("value"), state, canvas), word, *facts])
    return Group(head, line)


def steps(value: float | None) -> str:
    """A fraction in steps of 5 percent, which is as fine as it is worth telling."""
    return "" if value is None else str(percent(value) // 5 * 5)


def _bar(value: float | None, state: str, canvas: Canvas) -> Text:
    cells = max(8, min(30, canvas.width // 3))
    style = look_of(state, unicode=canvas.unicode).style
    if value is None:
        return Text(f"[{'.' * cells}]", style="dim")
    full = int(min(1.0, max(0.0, value)) * cells)
    filled, empty = canvas.pick("█", "#") * full, canvas.pick("░", " ") * (cells - full)
    return Text("[").append(filled, style=style).append(empty, style="dim").append("]")


def _facts(props: Mapping[str, Any], canvas: Canvas) -> Iterator[str]:
    if props.get("value") is not None:
        yield f"{percent(props['value'])} %"
    if props.get("total"):
        yield f"{number(props.get('current', 0))} of {number(props['total'])}"
    if props.get("state", "running") not in ("running", "retrying"):
        return
    if "startedAt" in props:
        usual = f" of ~{duration(props['expectMs'])}" if props.get("expectMs") else ""
        yield elapsed(canvas.now_ms - props["startedAt"]) + usual
    yield from _outlook(props, canvas)


def _outlook(props: Mapping[str, Any], canvas: Canvas) -> Iterator[str]:
    if "etaAt" in props:
        yield _eta(props["etaAt"], canvas)
    if "startedAt" in props and props.get("p95Ms"):
        yield over(props["startedAt"], canvas.now_ms, props["p95Ms"])


def _eta(eta: int | None, canvas: Canvas) -> str:
    if eta is None:
        return f"estimating{canvas.pick('…', '...')}"
    return left(eta, canvas.now_ms)
