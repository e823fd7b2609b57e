"""The end of a log as elements; a browser follows its stream from there."""

from __future__ import annotations

from rota.core.instant import to_ms
from rota.core.log_page import LogLine, LogPage
from rota.core.log_text import shown
from rota.core.run import Attempt, Run
from rota.core.words import counted
from rota.views.ids import key, raw_log_path
from rota_catalog.tree import Node, clip

LINES = 50


def log_tail(run: Run, attempt: Attempt, page: LogPage) -> Node:
    """At most the last `LINES` lines of the page."""
    lines = page.lines[-LINES:]
    id_ = f"log.{key(attempt.step)}.{attempt.n}"
    props: dict[str, object] = {
        "stream": f"log/{run.id}/{attempt.step}.{attempt.n}",
        "rawHref": raw_log_path(run.id, step=attempt.step, attempt=attempt.n),
        "end": page.end,
    }
    if lines:
        props["total"] = page.next
    entries = [_entry(id_, line) for line in lines]
    text = f"Log of {run.id}, {counted(page.next, 'line')}"
    return Node(type="LogTail", id=id_, props=props, children=entries, text=text)


def last_words(page: LogPage | None, count: int = 8) -> list[str]:
    """The last lines that say something, oldest first."""
    if page is None:
        return []
    said = [shown(line.text) for line in page.lines if line.level != "meta"]
    return [clip(text, 1000) for text in said if text.strip()][-count:]


def _entry(id_: str, line: LogLine) -> Node:
    text = clip(shown(line.text), 8000)
    props = {"n": line.n, "at": to_ms(line.at), "text": text, "level": line.level}
    return Node(type="LogEntry", id=f"{id_}.{line.n}", props=props, text=text or " ")
