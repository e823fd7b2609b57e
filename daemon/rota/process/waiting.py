"""What is under way on the connection to the runner: orders, questions, and watches over attempts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from rota.core.errors import Unavailable
from rota.core.seams import AttemptRef, AttemptReport, Ended, Notice, Refused, Started, StartOrder


def _future() -> asyncio.Future[Started | Refused]:
    return asyncio.get_running_loop().create_future()


def _reports_future() -> asyncio.Future[Mapping[str, AttemptReport]]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, kw_only=True)
class Start:
    """An order that is not answered yet."""

    order: StartOrder
    answer: asyncio.Future[Started | Refused] = field(default_factory=_future)

    def give_up(self, why: str) -> None:
        """Raise Unavailable in whoever waits for the answer."""
        if not self.answer.done():
            self.answer.set_exception(Unavailable(why))


@dataclass(slots=True, kw_only=True)
class Question:
    """A `report` that is not answered in full yet."""

    refs: tuple[AttemptRef, ...]
    reports: dict[str, AttemptReport] = field(default_factory=dict)
    answer: asyncio.Future[Mapping[str, AttemptReport]] = field(default_factory=_reports_future)

    def give_up(self, why: str) -> None:
        """Raise Unavailable in whoever waits for the answer."""
        if not self.answer.done():
            self.answer.set_exception(Unavailable(why))


@dataclass(slots=True, kw_only=True)
class Watch:
    """The newest news of an attempt; older signs of life are of no use to anyone."""

    ref: AttemptRef
    size: int = 0
    notices: tuple[Notice, ...] = ()
    ended: Ended | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def grow(self, size: int, notices: tuple[Notice, ...] = ()) -> None:
        self.size = max(self.size, size)
        self.notices = notices or self.notices
        self.news.set()

    def end(self, ended: Ended) -> None:
        self.ended = self.ended or ended
        self.news.set()
