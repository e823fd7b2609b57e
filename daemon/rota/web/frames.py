"""Frames of the live protocol `render-tree.v1`, ready to send: each is serialised once, for every client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rota.core.log_page import LogPage
from rota.core.log_text import shown
from rota.web.answers import to_json
from rota.web.shapes import log_line_shape

VERSION = 1
SUBPROTOCOL = "render-tree.v1"
TICK_MS = 15_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a reader of a topic is."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.seq}"


def hello(*, epoch: str, now: int, server: str, catalog: Mapping[str, Any]) -> str:
    return _frame(
        "hello",
        v=VERSION,
        epoch=epoch,
        now=now,
        server=server,
        catalog=dict(catalog),
        tickMs=TICK_MS,
        features=["say", "append"],
    )


def ok(topic: str, at: Position) -> str:
    """The reader is up to date."""
    return _frame("ok", topic=topic, epoch=at.epoch, seq=at.seq)


def delta(topic: str, at: Position, *, base: int, count: int, ops: Sequence[Mapping[str, Any]]) -> str:
    """What changed from `base` to `at`; `count` elements are there afterwards."""
    return _frame("delta", topic=topic, epoch=at.epoch, base=base, seq=at.seq, n=count, ops=list(ops))


def snapshot(topic: str, tree: Mapping[str, Any]) -> str:
    return _frame("snapshot", topic=topic, tree=dict(tree))


def reset(topic: str, why: str) -> str:
    """The reader must fetch the snapshot over HTTP."""
    return _frame("reset", topic=topic, why=why)


def gone(topic: str, why: str) -> str:
    return _frame("gone", topic=topic, why=why)


def append(topic: str, start: int, page: LogPage) -> str:
    """Lines of a log: raw lines from `start` up to the page's `next`, hidden ones left out."""
    lines = [{**log_line_shape(line), "text": shown(line.text)} for line in page.lines]
    more: dict[str, Any] = {"gap": list(page.gap)} if page.gap else {}
    return _frame("append", topic=topic, **{"from": start}, lines=lines, next=page.next, end=page.end, **more)


def say(level: str, text: str, ref: str) -> str:
    """An announcement for people; `level` is polite or assertive."""
    return _frame("say", level=level, text=text, ref=ref)


def tick(now: int) -> str:
    return _frame("tick", now=now)


def pong(n: object, now: int) -> str:
    return _frame("pong", n=n, now=now)


def error(code: str, message: str, topic: str | None = None) -> str:
    return _frame("error", code=code, message=message, **({} if topic is None else {"topic": topic}))


def _frame(kind: str, **members: Any) -> str:
    return to_json({"t": kind, **members})
