"""One job by itself: everything about it. In a JobTable it is one line of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from rota_renderers.format import duration, relative
from rota_renderers.terminal.canvas import Canvas, Element, joined, text


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    state = canvas.state(props["state"])
    canvas.says("row header", props["name"])
    canvas.says_link(props["name"], props.get("href"))
    head = joined(
        [
            state,
            text(props["name"], "bold"),
            text(props.get("title", "")),
            text(props.get("note", "")),
        ]
    )
    inside = canvas.narrower(2)
    held = [drawn for slot in ("progress", "history", "next") for drawn in inside.slot(element, slot)]
    facts = joined([text(fact, "dim") for fact in _facts(props)])
    lines = [facts, _last(props, canvas), *held, *canvas.actions(element)]
    shown = [line for line in lines if not (isinstance(line, Text) and not line.plain)]
    return Group(head, Padding(Group(*shown), (0, 0, 0, 2), expand=False))


def _facts(props: Mapping[str, Any]) -> Iterator[str]:
    yield " ".join(str(props[name]) for name in ("schedule", "zone") if name in props)
    yield " ".join(f"#{tag}" for tag in props.get("tags", ()))
    yield str(props.get("owner", ""))
    yield f"on {props['host']}" if "host" in props else ""


def _last(props: Mapping[str, Any], canvas: Canvas) -> Text:
    last = props.get("last")
    if not last:
        return Text()
    at = relative(last["at"], canvas.now_ms) if "at" in last else ""
    took = duration(last["durationMs"]) if "durationMs" in last else ""
    return joined([text("last", "dim"), canvas.state(last["state"]), text(at), text(took)])
