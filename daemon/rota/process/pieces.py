"""The files of one raw log as the runner writes them: a head, pieces of a tail, and an index beside each.

An offset counts bytes of all that the job wrote, a line number its newlines; both from 0, dropped ones too.
Files may have been lost or damaged meanwhile: what can't be is not believed, and what is left is read.
"""

from __future__ import annotations

import math
import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

from rota.process.files import PASSING

LINE_BYTES = 128 * 1024  # of a longer line the rest is only counted

_HEAD = "output.log"
_RECORD = Struct("<QQQ")  # line, offset of its first byte, arrival in ms
_READ = 256 * 1024
_LONG = 1024 * 1024
_LATEST = 253_402_300_799_999  # ms: the last instant that a calendar has


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """That line begins at that byte, and came then (ms since the epoch)."""

    line: int
    offset: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes [start, end) of the raw log lie in `path`."""

    start: int
    end: int
    path: Path
    index: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLine:
    """A line without its newline. `end` is the byte behind it, newline included.

    `data` is at most the first LINE_BYTES of it, `more` says how many bytes follow.
    """

    n: int
    data: bytes
    end: int
    more: int = 0
    at_ms: int
    is_whole: bool = True  # False: the last of the log, and no newline came yet
    gap: tuple[int, int] | None = None  # raw lines [first, last) dropped right before it
    gap_bytes: int = 0


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
        self._span: tuple[float, float, Arrival | None] = (
            0,
            0,
            None,
        )  # from, below: the last answer for those

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


def find_pieces(directory: Path) -> list[Piece]:
    """What there is now, in order; empty when there is no log."""
    found = []
    try:
        entries = list(os.scandir(directory))
    except OSError as error:
        if error.errno in PASSING:
            raise
        return []
    for entry in entries:
        start = _start_of(entry.name)
        if start is None or not entry.is_file(follow_symlinks=False):
            continue
        try:
            size = entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue  # an old piece of the tail, gone just now
        index = directory / entry.name.replace(".log", ".idx", 1)
        found.append(Piece(start=start, end=start + size, path=Path(entry.path), index=index))
    return sorted((piece for piece in found if piece.end > piece.start), key=lambda piece: piece.start)


def find_line(pieces: list[Piece], line: int) -> tuple[int, int]:
    """The nearest place (offset, line) at or before that line from which one can read on."""
    for piece in reversed(pieces):
        with Index(piece) as index:
            found = index.of_line(line)
        if found is not None:
            return found.offset, found.line
    return 0, 0


def read_lines(pieces: list[Piece], offset: int, line: int, *, wanted: int = 0) -> Iterator[RawLine]:
    """Lines from byte `offset` on, which is the first of raw line `line`, or lies in what was dropped.

    Lines before number `wanted` may be left out.
    """
    reader = _Reader(offset, line, wanted)
    for piece in pieces:
        if piece.end > reader.position:
            yield from reader.read(piece)
    yield from reader.rest()


class _Reader:
    """Splits pieces into lines; a line may go over a border between two, but not over a gap."""

    def __init__(self, offset: int, line: int, wanted: int) -> None:
        self.position = offset
        self._line = line
        self._wanted = wanted
        self._carry = b""
        self._carry_size = 0  # of which `_carry` is the beginning
        self._carry_ms = 0
        self._gap_from: tuple[int, int] | None = None  # offset and line where the present gap begins

    def read(self, piece: Piece) -> Iterator[RawLine]:
        with Index(piece) as index:
            if piece.start > self.position or self._gap_from is not None:
                yield from self._cut()
                if not self._leap(piece, index):
                    return
            try:
                yield from self._split(piece, index)
            except FileNotFoundError:
                return  # dropped while we read: the next piece begins behind a gap

    def rest(self) -> Iterator[RawLine]:
        """The last line, when no newline ended it."""
        if self._carry:
            yield self._take(self._carry_ms, is_whole=False)

    def _cut(self) -> Iterator[RawLine]:
        """A gap begins: what is there of its first line is shown."""
        if self._carry:
            yield self._take(self._carry_ms)
        if self._gap_from is None:
            self._gap_from = (self.position, self._line)

    def _leap(self, piece: Piece, index: Index) -> bool:
        """To the first line that begins in the piece, if there is one."""
        first = index.first()
        if first is None and index.is_lost:
            first = Arrival(line=self._line, offset=piece.start, at_ms=0)
        if first is None:
            self.position = piece.end
            return False
        self.position, self._line = first.offset, max(first.line, self._line)
        return True

    def _split(self, piece: Piece, index: Index) -> Iterator[RawLine]:
        with piece.path.open("rb") as file:
            file.seek(self.position - piece.start)
            while data := file.read(min(_READ, piece.end - self.position)):
                yield from self._split_data(data, index)
                if self._carry_size > _LONG:
                    self._leap_line(piece, index)
                    file.seek(self.position - piece.start)

    def _leap_line(self, piece: Piece, index: Index) -> None:
        """To the end of a very long line, which nobody reads: what follows one always has a record."""
        if index.is_lost:
            return
        following = index.after(self.position)
        if following is not None and following.line != self._line + 1:
            return
        end = (piece.end if following is None else following.offset) - 1
        if end > self.position:
            self._carry_size += end - self.position
            self.position = end

    def _split_data(self, data: bytes, index: Index) -> Iterator[RawLine]:
        data = self._skip(data)
        *lines, last = data.split(b"\n")
        start = self.position
        for text in lines:
            self.position += len(text) + 1
            at_ms = self._carry_ms if self._carry else _arrival(index, start)
            self._keep(text)
            yield self._take(at_ms)
            start = self.position
        if last:
            self._carry_ms = self._carry_ms if self._carry else _arrival(index, start)
            self._keep(last)
            self.position += len(last)

    def _skip(self, data: bytes) -> bytes:
        """Pass over lines that nobody wants, as long as that is cheaper than to split them."""
        count = data.count(b"\n") if self._line < self._wanted and self._gap_from is None else 0
        if count == 0 or self._line + count > self._wanted:
            return data
        rest = data.rpartition(b"\n")[2]
        self._line += count
        self.position += len(data) - len(rest)
        self._carry, self._carry_size = b"", 0
        return rest

    def _keep(self, text: bytes) -> None:
        """Of a line of gigabytes no more than is shown of it."""
        self._carry += text[: LINE_BYTES - len(self._carry)]
        self._carry_size += len(text)

    def _take(self, at_ms: int, *, is_whole: bool = True) -> RawLine:
        gap, dropped, size = None, 0, self._carry_size
        if self._gap_from is not None:
            offset, line = self._gap_from
            gap, dropped = (line, self._line), max(0, self.position - size - 1 - offset)
            self._gap_from = None
        taken = RawLine(
            n=self._line, data=self._carry, end=self.position, more=size - len(self._carry), at_ms=at_ms,
            is_whole=is_whole, gap=gap, gap_bytes=dropped,
        )  # fmt: skip
        self._line += 1
        self._carry, self._carry_size = b"", 0
        return taken


def _arrival(index: Index, offset: int) -> int:
    found = index.of_offset(offset)
    return found.at_ms if found is not None else index.written_ms()


def _start_of(name: str) -> int | None:
    if name == _HEAD:
        return 0
    start = name.removeprefix(f"{_HEAD}.tail.")
    return int(start) if start != name and start.isascii() and start.isdigit() else None
