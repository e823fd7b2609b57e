"""What went wrong, its cause, and the one thing to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from rota_renderers.format import relative
from rota_renderers.terminal.canvas import Canvas, Element, joined, prose, text


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    head = _head(props, canvas)
    inside: list[RenderableType] = [
        prose(props["message"]),
        *(prose(f"{canvas.pick('│', '|')} {line}", "dim") for line in props.get("lastLines", ())),
        *canvas.actions(element),
        *_log(props, canvas),
    ]
    return Group(head, Padding(Group(*inside), (0, 0, 0, 2), expand=False))


def _head(props: Mapping[str, Any], canvas: Canvas) -> Text:
    facts = joined([text(fact) for fact in _facts(props, canvas)], ", ")
    state = props.get("state", "failed")
    title = text(props["title"], "bold")
    word = canvas.state(state) if "state" in props else canvas.glyph(state)
    canvas.says("heading 3", props["title"])
    canvas.says_link(props["title"], props.get("href"))
    return joined([word, title, facts], " ")


def _facts(props: Mapping[str, Any], canvas: Canvas) -> Iterator[str]:
    if "at" in props:
        yield relative(props["at"], canvas.now_ms)
    if "exitCode" in props:
        yield f"exit {props['exitCode']}"
    if "signal" in props:
        yield str(props["signal"])
    if "attempt" in props:
        yield f"attempt {props['attempt']}" + (
            f" of {props['maxAttempts']}" if "maxAttempts" in props else ""
        )
    if "nextRetryAt" in props:
        is_due = props["nextRetryAt"] <= canvas.now_ms
        yield "retry now" if is_due else f"retry {relative(props['nextRetryAt'], canvas.now_ms)}"
    if "file" in props:
        yield str(props["file"])


def _log(props: Mapping[str, Any], canvas: Canvas) -> Iterator[Text]:
    run = _run(props.get("logHref"))
    if run:
        canvas.says_link("Log", props["logHref"])
        yield text(f"Log: rota logs {run}", "dim")


def _run(href: str | None) -> str:
    """The run that a path such as /runs/backup.92#log leads to."""
    if not href or not href.startswith("/runs/"):
        return ""
    return href.removeprefix("/runs/").partition("#")[0].partition("?")[0].partition("/")[0]
