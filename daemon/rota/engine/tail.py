"""Reading along in the log of a running attempt: marker lines take effect, the others are passed on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial

from rota.core import happenings as h
from rota.core import markers
from rota.core.attempt_life import attempt_of
from rota.core.errors import Unavailable
from rota.core.events import LogAppended
from rota.core.log_page import LogLine
from rota.core.progress import crosses
from rota.core.run import Attempt, Progress
from rota.core.seams import AttemptRef, Notice
from rota.engine.live_run import LiveRun
from rota.engine.notices import as_happening, fresh
from rota.engine.parts import Parts
from rota.process.files import when_possible
from rota.process.output import LogChunk

_SAVE_EVERY = 10.0  # seconds; and at every 5 percent
_MUCH = 64 * 1024  # bytes: more is read off the loop


class Tail:
    """Goes on from where the attempt's effects are stored up to, so that none counts twice or is lost."""

    def __init__(self, live: LiveRun, ref: AttemptRef, parts: Parts) -> None:
        self._live = live
        self._parts = parts
        self._ref = ref
        self._markers = self._attempt.markers
        self._stored = live.run.progress
        self._stored_at = parts.clock.monotonic()
        self._unended = 0  # the line that is being read goes on up to here at least

    async def follow(self, size: int, notices: Sequence[Notice] = ()) -> None:
        """Read what is there, up to about `size` bytes; each notice has its effect where the log was then."""
        for notice in fresh(notices, self._live.attempt(self._ref.id)):
            await self._read_on(notice.size, upto=notice.size)
            await self._heed(notice)
        await self._read_on(size)

    async def drain(self, size: int | None = None, notices: Sequence[Notice] = ()) -> None:
        """The attempt has ended: read all of it, also a last line without a newline. Stores nothing more.

        `size` is what it wrote in all, None when nobody knows: then its files are looked at.
        """
        for notice in fresh(notices, self._live.attempt(self._ref.id)):
            await self._read_on(notice.size, upto=notice.size)
            await self._heed(notice)
        while size is None or size > self._attempt.log_offset:
            chunk = await self._read(size or 0, final=True)
            if chunk is None:
                break
            effects = self._effects(chunk)
            await self._live.announce(*effects, quietly=len(effects) == 1)
            await self._parts.clock.sleep(0)
        self._parts.bus.publish(LogAppended(ref=self._ref, lines=(), end=True))

    @property
    def _attempt(self) -> Attempt:
        attempt = attempt_of(self._live.run, self._ref.id)
        if attempt is None:
            raise AssertionError(f"{self._live.run.id} has no attempt {self._ref.id}")
        return attempt

    async def _read_on(self, size: int, *, upto: int | None = None) -> None:
        while (chunk := await self._read(size, final=False, upto=upto)) is not None:
            await self._apply(self._effects(chunk), is_reading=True)
            await self._parts.clock.sleep(0)  # a job that never stops writing leaves others their turn

    async def _heed(self, notice: Notice) -> None:
        told = as_happening(notice, self._ref.id)
        if isinstance(told, h.TimeoutMoved):
            seconds = (told.timeout_at - notice.at).total_seconds()
            self._live.extended_until = self._parts.clock.monotonic() + seconds
        if isinstance(told, h.TimeoutMoved) or (told is not None and not self._live.run.is_asking):
            await self._apply((told,))

    async def _read(self, size: int, *, final: bool, upto: int | None = None) -> LogChunk | None:
        offset = self._attempt.log_offset
        try:
            read = partial(self._chunk, size, final=final, upto=upto)
            chunk = await when_possible(self._parts.clock, read)
        except OSError as error:
            if final:  # the run ends as it did, with what could be read of it
                await self._live.announce(h.Warned(text=f"its log can't be read on: {error.strerror}"))
            return None
        if chunk is None or (chunk.offset == offset and not chunk.lines):
            return None
        shown = [line for line in chunk.lines if not self._is_hidden(line)]
        if shown:
            self._parts.bus.publish(LogAppended(ref=self._ref, lines=shown))
        return chunk

    async def _chunk(self, size: int, *, final: bool, upto: int | None) -> LogChunk | None:
        attempt = self._attempt
        offset, line = attempt.log_offset, attempt.log_line
        read = self._parts.logs.read_from
        if size - offset <= _MUCH:
            return read(self._ref, offset, line, final=final, upto=upto)
        if not final and upto is None and not await self._has_whole_line(offset):
            return None
        return await asyncio.to_thread(read, self._ref, offset, line, final=final, upto=upto)

    async def _has_whole_line(self, offset: int) -> bool:
        """Looks at each byte of a line that does not end only once."""
        start = max(self._unended, offset)
        unended: int | None = await asyncio.to_thread(self._parts.logs.unended, self._ref, start)
        self._unended = unended or 0
        return unended is None

    async def _apply(self, effects: Sequence[h.Happening], *, is_reading: bool = False) -> None:
        if any(isinstance(effect, h.StepAnnounced) for effect in effects):
            try:
                await self._save(*effects)
                return
            except Unavailable:
                pass  # running work goes on: it is told now, and stored as soon as the ledger takes it
        await self._live.announce(*effects, quietly=is_reading and len(effects) == 1)
        if self._is_worth_storing():
            try:
                await self._save()
            except Unavailable:
                self._stored_at = self._parts.clock.monotonic()

    async def _save(self, *effects: h.Happening) -> None:
        await self._live.commit_once(*effects)
        self._stored = self._live.run.progress
        self._stored_at = self._parts.clock.monotonic()

    def _is_worth_storing(self) -> bool:
        if crosses(self._stored, self._live.run.progress):
            return True
        return self._parts.clock.monotonic() - self._stored_at >= _SAVE_EVERY

    def _effects(self, chunk: LogChunk) -> Sequence[h.Happening]:
        effects = list(self._marker_effects(chunk.lines)) if self._markers else []
        read = h.LogRead(offset=chunk.offset, line=chunk.line, attempt=self._ref.id)
        return (*_last_progress_only(effects), read)

    def _marker_effects(self, lines: Sequence[LogLine]) -> Iterator[h.Happening]:
        for line in lines:
            if not line.text.startswith("::"):
                continue
            marker = markers.parse(line.text)
            if marker is not None:
                yield _effect(marker, line, self._ref.id)
            elif markers.looks_like_marker(line.text):
                yield h.Warned(text=f"line {line.n + 1} is no marker that can be read: {line.text[:80]}")

    def _is_hidden(self, line: LogLine) -> bool:
        return self._markers and markers.is_marker(line.text)


def _effect(marker: markers.Marker, line: LogLine, attempt: str) -> h.Happening:
    match marker:
        case markers.ProgressMarker(current=current, total=total, text=text):
            progress = Progress(current=current, total=total, text=text)
            return h.Progressed(progress=progress, attempt=attempt)
        case markers.StepMarker(key=key, title=title):
            return h.StepAnnounced(at=line.at, key=key, title=title, attempt=attempt)
        case markers.OutputMarker(key=key, value=value):
            return h.OutputSet(key=key, value=value, attempt=attempt)
        case markers.WarningMarker(text=text):
            return h.Warned(text=text)
        case markers.ErrorMarker(text=text):
            return h.ErrorTold(text=text, attempt=attempt)


def _last_progress_only(effects: list[h.Happening]) -> list[h.Happening]:
    """Of several progress markers read at once only the last is news, unless a step began in between."""
    kept: list[h.Happening] = []
    for effect in effects:
        if isinstance(effect, h.Progressed) and kept and isinstance(kept[-1], h.Progressed):
            kept[-1] = effect
        else:
            kept.append(effect)
    return kept
