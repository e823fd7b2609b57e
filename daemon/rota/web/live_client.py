"""One WebSocket of the live protocol: what it looks at, where its reader is, and what waits to be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import structlog

from rota.core.errors import NotFound
from rota.core.events import LogAppended
from rota.core.log_page import LogPage
from rota.web import frames
from rota.web.frames import Position
from rota.web.hub import Hub
from rota.web.live_topic import LiveTopic
from rota.web.outbox import Behind, Outbox, Waiting
from rota.web.topic_names import LogTopic

TOPICS = 20
BACKLOG = 200  # lines shown of a log that is followed without a position
LINES = 1000
SLOW_BEATS = 2  # a hidden tab hears of changes every other beat

_log = structlog.get_logger(__name__)

Mode = Literal["live", "slow", "paused"]
ReadLog = Callable[[LogTopic, int | None, int], Awaitable[LogPage]]


class LiveClient:
    """Fills its outbox from the hub's news; `next_frame` is what its one writer sends."""

    def __init__(self, hub: Hub, read_log: ReadLog, monotonic: Callable[[], float]) -> None:
        self._hub = hub
        self._read_log = read_log
        self._monotonic = monotonic
        self._outbox = Outbox()
        self._trees: dict[str, LiveTopic] = {}
        self._logs: dict[str, LogTopic] = {}
        self._sent: dict[str, Position | None] = {}
        self._lines: dict[str, int | None] = {}  # raw line that the next frame of a log begins with
        self._lines_sent: dict[str, int] = {}
        self._news: set[str] = set()  # logs that grew while their backlog was read
        self._mode: Mode = "live"
        self._held = False
        self._beats = 0
        self._wants_say = False
        self._wake = asyncio.Event()
        self._last_frame = monotonic()
        self.stopped = False

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._trees) | frozenset(self._logs)

    def want_say(self) -> None:
        self._wants_say = True

    def send(self, text: str) -> None:
        """A frame that belongs to no topic."""
        self._outbox.control(text)
        self._wake.set()

    def watch(self, live: LiveTopic, since: Position | None) -> None:
        """Subscribe to a tree from a position (None: from nothing)."""
        self._trees[live.name] = live
        self._sent[live.name] = since
        self._outbox.open(live.name)
        live.listen(self, lambda text, seq: self._changed(live.name, text, seq))
        self._wake.set()

    def follow(self, topic: LogTopic, line: int | None) -> None:
        """Subscribe to a log from a raw line (None: its last lines)."""
        name = str(topic)
        self._logs[name] = topic
        self._lines[name] = line
        self._outbox.open(name)
        self._hub.follow(topic, self)
        self._wake.set()

    def drop(self, name: str) -> None:
        """Unsubscribe."""
        live = self._trees.pop(name, None)
        if live is not None:
            live.leave(self)
        if self._logs.pop(name, None) is not None:
            self._hub.unfollow(name, self)
        self._outbox.close(name)
        self._sent.pop(name, None)
        self._lines.pop(name, None)
        self._lines_sent.pop(name, None)

    def rate(self, mode: Mode) -> None:
        """How eagerly its topics are sent."""
        self._mode = mode
        self._held = mode != "live"
        self._beats = 0
        self._wake.set()

    async def next_frame(self) -> str | None:
        """Waits for the next frame; None when the daemon ends."""
        while not self.stopped:
            self._wake.clear()
            taken = self._outbox.take(held=self._held)
            if taken is None:
                self._held = self._mode != "live"
                await self._wake.wait()
                continue
            text = await self._text_of(taken)
            if text is not None:
                self._last_frame = self._monotonic()
                return text
        return None

    # --- called by the hub -------------------------------------------------------------------------------

    def appended(self, topic: str, event: LogAppended) -> None:
        """Pass lines on; what does not join on to the lines sent so far is read from the file instead."""
        if self._held:
            self._fall_behind(topic)
            return
        if self._outbox.is_behind(topic):
            self._news.add(topic)
            return
        known = self._lines.get(topic)
        first, following = _bounds(event, known or 0)
        if known is None or first < known:
            if following > (known or 0):
                self._fall_behind(topic)
            return
        page = LogPage(lines=event.lines, next=following, end=event.end)
        text = frames.append(topic, known, page)
        self._lines[topic] = following
        self._outbox.put(topic, text, following)
        if self._outbox.is_behind(topic):
            self._fall_behind(topic)
        self._wake.set()

    def announce(self, level: str, text: str, ref: str) -> None:
        """Loud only for what the reader looks at."""
        if self._wants_say:
            viewed = any(name.partition("?")[0] == ref for name in self._trees)
            self.send(frames.say(level if viewed else "polite", text, ref))

    def beat(self, now_ms: int) -> None:
        """Let a hidden tab catch up now and then, and break long silences."""
        self._beats += 1
        if self._mode == "slow" and self._beats % SLOW_BEATS == 0:
            self._held = False
            self._wake.set()
        if (self._monotonic() - self._last_frame) * 1000 >= frames.TICK_MS:
            self.send(frames.tick(now_ms))

    def stop(self) -> None:
        self.stopped = True
        self._wake.set()

    # --- inside ------------------------------------------------------------------------------------------

    def _changed(self, name: str, text: str, seq: int) -> None:
        if self._held:
            self._outbox.fall_behind(name)  # one merged catch-up when it is let go
        else:
            self._outbox.put(name, text, seq)
        self._wake.set()

    def _fall_behind(self, topic: str) -> None:
        self._outbox.fall_behind(topic)
        self._lines[topic] = self._lines_sent.get(topic)
        self._wake.set()

    async def _text_of(self, taken: str | Waiting | Behind) -> str | None:
        if isinstance(taken, str):
            return taken
        if isinstance(taken, Waiting):
            live = self._trees.get(taken.topic)
            if live is not None:
                self._sent[taken.topic] = Position(epoch=live.position.epoch, seq=taken.seq)
            else:
                self._lines_sent[taken.topic] = taken.seq
            return taken.text
        if taken.topic in self._logs:
            return await self._catch_up_log(taken.topic)
        return self._catch_up_tree(taken.topic)

    def _catch_up_tree(self, name: str) -> str:
        live = self._trees[name]
        text = live.catch_up(self._sent[name])
        self._sent[name] = live.position
        self._outbox.caught_up(name)
        return text

    async def _catch_up_log(self, name: str) -> str | None:
        self._news.discard(name)
        start = self._lines[name]
        try:
            page = await self._read_log(self._logs[name], start, BACKLOG if start is None else LINES)
        except NotFound as error:
            self.drop(name)
            return frames.gone(name, error.message)
        except Exception as error:
            # The trouble of this log only: the writer goes on with the other topics.
            _log.exception("web.log_not_read", topic=name, error=str(error))
            self.drop(name)
            return frames.error("internal", "this log can't be read now", name)
        if name not in self._logs:
            return None
        first = page.lines[0].n if start is None and page.lines else (start or 0)
        self._lines[name] = self._lines_sent[name] = page.next
        # More may be in the file than one frame holds, or may have come while it was read.
        read_all = start is None or page.next - start < LINES
        if read_all and name not in self._news:
            self._outbox.caught_up(name)
        if page.next == start and not page.end:
            return None
        return frames.append(name, first, page)


def _bounds(event: LogAppended, known: int) -> tuple[int, int]:
    if not event.lines:
        return known, known
    return event.lines[0].n, event.lines[-1].n + 1
