"""One topic while somebody looks at it: its tree, its position, and who is told of changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import structlog

from rota.core.errors import NotFound
from rota.core.events import Event
from rota.core.instant import to_ms
from rota.core.seams import Clock
from rota.web import frames
from rota.web.frames import Position
from rota_catalog.topic import Delta, Topic
from rota_catalog.tree import Document

MERGED_SECONDS = 0.048  # changes meanwhile become one frame; 20 a second are left when one of them fails
SMALL = 64 * 1024  # a snapshot up to this size may go over the WebSocket

_log = structlog.get_logger(__name__)

Listener = Callable[[str, int], None]  # a frame and the seq behind it


class Source(Protocol):
    """Where a topic's tree comes from."""

    def concerns(self, event: Event) -> float | None:
        """For how many seconds the change by this event may wait; None: it changes nothing here.

        Called for every event: it must be quick.
        """

    def owes(self) -> float | None:
        """In how many seconds something may be built that the last tree left out; None: it is whole."""

    async def build(self) -> Document:
        """The tree as it is now. Raises NotFound when what it shows is no longer there."""


class LiveTopic:
    """Keeps a tree current while it has listeners; without any it is rebuilt when somebody asks."""

    def __init__(self, name: str, *, source: Source, topic: Topic, clock: Clock) -> None:
        self.name = name
        self._source = source
        self._topic = topic
        self._clock = clock
        self._listeners: dict[object, Listener] = {}
        self._dirty = True
        self._owed: float | None = None
        self._building = asyncio.Lock()
        self._flusher: asyncio.Task[None] | None = None
        self._due = 0.0
        self._next = clock.monotonic()  # the instant before which it is not flushed again
        self._sleeping = False
        self.used_at = clock.monotonic()

    @property
    def position(self) -> Position:
        return Position(epoch=self._topic.epoch, seq=self._topic.seq)

    @property
    def is_idle(self) -> bool:
        """Whether nobody looks at it or waits for it."""
        return not self._listeners and not self._building.locked()

    def listen(self, who: object, listener: Listener) -> None:
        """Be told of every change from now on."""
        self._listeners[who] = listener

    def leave(self, who: object) -> None:
        self._listeners.pop(who, None)
        self.used_at = self._clock.monotonic()

    def notice(self, event: Event) -> None:
        """Something happened: flush soon if it matters here and somebody looks."""
        wait = self._source.concerns(event)
        if wait is None:
            return
        self._dirty = True
        if self._listeners:
            self._schedule(wait)

    async def refresh(self) -> bool:
        """Bring the tree up to date; False when that failed and the last good one stays.

        Raises NotFound when what it shows is not there, and whatever went wrong when there is no tree yet.
        """
        self.used_at = self._clock.monotonic()
        async with self._building:
            if not self._dirty and self._owed is None:
                return True
            self._dirty, self._owed = False, None
            try:
                self._take(self._topic.update(await self._source.build()))
                self._owed = self._source.owes()
            except BaseException as error:
                self._dirty = True  # the next event, or who asks next, tries again
                if not self._topic.root or not isinstance(error, Exception) or isinstance(error, NotFound):
                    raise
                _log.exception("web.render_failed", topic=self.name, error=str(error))
                return False
        return True

    def tree(self) -> dict[str, Any]:
        """The whole document with its position."""
        return self._topic.document(now=to_ms(self._clock.now()))

    def catch_up(self, since: Position | None) -> str:
        """The one frame that brings a reader from its position to ours: ok, delta, snapshot or reset."""
        if since is None:
            text = frames.snapshot(self.name, self.tree())
            return text if len(text) <= SMALL else frames.reset(self.name, "too large for a frame")
        if since.epoch != self.position.epoch:
            return frames.reset(self.name, "the daemon has started again")
        change = self._topic.since(since.seq)
        if change is None:
            return frames.reset(self.name, "too much has changed")
        if not change.ops:
            return frames.ok(self.name, self.position)
        return self._frame(change)

    def close(self) -> None:
        if self._flusher is not None:
            self._flusher.cancel()

    def _schedule(self, wait: float = 0.0) -> None:
        due = max(self._next, self._clock.monotonic() + wait)
        if self._flusher is not None:
            if not self._sleeping or due >= self._due:
                return
            self._flusher.cancel()  # it sleeps for something that could wait longer
        self._due = due
        self._flusher = asyncio.ensure_future(self._flush())

    async def _flush(self) -> None:
        rest = self._due - self._clock.monotonic()
        if rest > 0:
            self._sleeping = True
            await self._clock.sleep(rest)
        self._sleeping = False
        began = self._clock.monotonic()
        try:
            good = await self.refresh()
        except NotFound as error:
            good = False
            self._tell(frames.gone(self.name, error.message), self._topic.seq)
        finally:
            # Counted from when it was due, so that a late timer or a build costs no frame; and a tree that
            # takes long to build leaves others as much time as it took.
            ended = self._clock.monotonic()
            self._next = max(self._due + MERGED_SECONDS, ended + (ended - began))
            self._flusher = None
        if not self._listeners or not good:
            return
        if self._dirty:
            self._schedule()
        elif self._owed is not None:
            self._schedule(self._owed)

    def _take(self, change: Delta | None) -> None:
        if change is None or not self._listeners:
            return
        self._tell(self._frame(change), change.seq)

    def _tell(self, text: str, seq: int) -> None:
        for listener in tuple(self._listeners.values()):
            listener(text, seq)

    def _frame(self, change: Delta) -> str:
        at = Position(epoch=self._topic.epoch, seq=change.seq)
        return frames.delta(self.name, at, base=change.base, count=change.count, ops=change.ops)
