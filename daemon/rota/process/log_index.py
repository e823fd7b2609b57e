"""When the lines of a piece of a raw log came, and where they begin: sorted records, read where needed."""

from __future__ import annotations

import math
import os
from bisect import bisect_right
from dataclasses import dataclass
from struct import Struct

from rota.process.files import PASSING
from rota.process.pieces import Piece

_RECORD = Struct("<QQQ")  # line, offset of its first byte, arrival in ms
_LATEST = 253_402_300_799_999  # ms: the last instant that a calendar has


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """That line begins at that byte, and came then (ms since the epoch)."""

    line: int
    offset: int
    at_ms: int


class Index:
    """Sorted records of when lines came, read where needed; of a piece of the log."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece
        try:
            self._fd = os.open(piece.index, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in PASSING:
                raise
            self._fd = -1
        self._count = os.fstat(self._fd).st_size // _RECORD.size if self._fd >= 0 else 0
        self._next = 0
        # The last answer of `of_offset`, and the bytes [first, second) that it holds for.
        self._span: tuple[float, float, Arrival | None] = (0, 0, None)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    @property
    def is_lost(self) -> bool:
        """There is none, though lines may begin in the piece."""
        return self._count == 0 and self._fd < 0

    def first(self) -> Arrival | None:
        return self._sound(0) if self._count else None

    def of_line(self, line: int) -> Arrival | None:
        """The last record of that line or one before it."""
        place = bisect_right(range(self._count), line, key=lambda i: self._record(i).line)
        return self._sound(place - 1) if place else None

    def of_offset(self, offset: int) -> Arrival | None:
        """The last record at that byte or before it. Quick when asked with growing offsets."""
        begin, end, found = self._span
        if begin <= offset < end:
            return found
        if self._next == 0 or self._record(self._next - 1).offset > offset:
            self._next = bisect_right(range(self._count), offset, key=lambda i: self._record(i).offset)
        while self._next < self._count and self._record(self._next).offset <= offset:
            self._next += 1
        found = self._sound(self._next - 1) if self._next else None
        below = self._record(self._next).offset if self._next < self._count else math.inf
        self._span = (offset, below, found)
        return found

    def after(self, offset: int) -> Arrival | None:
        """The first record behind that byte."""
        place = bisect_right(range(self._count), offset, key=lambda i: self._record(i).offset)
        return self._sound(place) if place < self._count else None

    def written_ms(self) -> int:
        """When the piece was written last: all that is known of a line that no record tells of."""
        try:
            return self._piece.path.stat().st_mtime_ns // 1_000_000
        except OSError:
            return 0

    def _sound(self, i: int) -> Arrival | None:
        """None for what can't be: each line has a byte at least, its newline, and begins in the piece."""
        found = self._record(i)
        is_inside = self._piece.start <= found.offset <= self._piece.end
        return found if is_inside and found.line <= found.offset and found.at_ms <= _LATEST else None

    def _record(self, i: int) -> Arrival:
        try:
            data = os.pread(self._fd, _RECORD.size, i * _RECORD.size)
        except OSError:
            data = b""
        if len(data) < _RECORD.size:
            return Arrival(line=0, offset=0, at_ms=0)
        line, offset, at_ms = _RECORD.unpack(data)
        return Arrival(line=line, offset=offset, at_ms=at_ms)
