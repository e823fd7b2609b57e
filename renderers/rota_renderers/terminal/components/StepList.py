"""The steps of a run, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from rota_renderers.format import duration, elapsed, percent
from rota_renderers.terminal.canvas import Canvas, Element, joined, text


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    if not props["steps"]:
        return text(element.get("text") or "No steps yet", "dim")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for step in props["steps"]:
        if step["key"] == props.get("current"):
            canvas.says("current", "step")
        state = canvas.state(step["state"])
        canvas.says_link(step["name"], step.get("href"))
        name = text(step["name"], "bold" if step["key"] == props.get("current") else "")
        below = "log below" if step["key"] == props.get("shown") else ""
        facts = joined([text(fact, "dim") for fact in (*_facts(step, canvas), below)])
        table.add_row(state, name, facts)
    return table


def _facts(step: Mapping[str, Any], canvas: Canvas) -> Iterator[str]:
    yield _time(step, canvas)
    if "value" in step:
        yield f"{percent(step['value'])} %"
    if step.get("attempt", 1) > 1 or "maxAttempts" in step:
        yield f"attempt {step.get('attempt', 1)}" + (
            f" of {step['maxAttempts']}" if "maxAttempts" in step else ""
        )
    yield str(step.get("note", ""))


def _time(step: Mapping[str, Any], canvas: Canvas) -> str:
    if "durationMs" in step:
        return duration(step["durationMs"])
    if step["state"] not in ("running", "retrying") or "startedAt" not in step:
        return ""
    usual = f" of ~{duration(step['expectMs'])}" if step.get("expectMs") else ""
    return elapsed(canvas.now_ms - step["startedAt"]) + usual
