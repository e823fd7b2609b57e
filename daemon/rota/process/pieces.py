"""The files of one raw log as the runner writes them: a head, pieces of a tail, and an index beside each.

An offset counts bytes of all that the job wrote, a line number its newlines; both from 0, dropped ones too.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

_HEAD = "output.log"
_RECORD = Struct("<QQQ")  # line, offset of its first byte, arrival in ms
_READ = 256 * 1024


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
    """A line without its newline. `end` is the byte behind it, newline included."""

    n: int
    data: bytes
    end: int
    at_ms: int
    is_whole: bool = True  # False: the last of the log, and no newline came yet
    gap: tuple[int, int] | None = None  # raw lines [first, last) dropped right before it
    gap_bytes: int = 0


class Index:
    """Sorted records of when lines came, read where needed."""

    def __init__(self, path: Path) -> None:
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            self._fd = -1
        self._count = os.fstat(self._fd).st_size // _RECORD.size if self._fd >= 0 else 0
        self._next = 0

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def first(self) -> Arrival | None:
        return self._record(0) if self._count else None

    def of_line(self, line: int) -> Arrival | None:
        """The last record of that line or one before it."""
        place = bisect_right(range(self._count), line, key=lambda i: self._record(i).line)
        return self._record(place - 1) if place else None

    def of_offset(self, offset: int) -> Arrival | None:
        """The last record at that byte or before it. Quick when asked with growing offsets."""
        if self._next == 0 or self._record(self._next - 1).offset > offset:
            self._next = bisect_right(range(self._count), offset, key=lambda i: self._record(i).offset)
        while self._next < self._count and self._record(self._next).offset <= offset:
            self._next += 1
        return self._record(self._next - 1) if self._next else None

    def _record(self, i: int) -> Arrival:
        line, offset, at_ms = _RECORD.unpack(os.pread(self._fd, _RECORD.size, i * _RECORD.size))
        return Arrival(line=line, offset=offset, at_ms=at_ms)


def find_pieces(directory: Path) -> list[Piece]:
    """What there is now, in order; empty when there is no log."""
    found = []
    try:
        entries = list(os.scandir(directory))
    except (FileNotFoundError, NotADirectoryError):
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
        with Index(piece.index) as index:
            found = index.of_line(line)
        if found is not None:
            return found.offset, found.line
    return 0, 0


def read_lines(pieces: list[Piece], offset: int, line: int) -> Iterator[RawLine]:
    """Lines from byte `offset` on, which is the first of raw line `line`, or lies in what was dropped."""
    reader = _Reader(offset, line)
    for piece in pieces:
        if piece.end > reader.position:
            yield from reader.read(piece)
    yield from reader.rest()


class _Reader:
    """Splits pieces into lines; a line may go over a border between two, but not over a gap."""

    def __init__(self, offset: int, line: int) -> None:
        self.position = offset
        self._line = line
        self._carry = b""
        self._carry_ms = 0
        self._gap_from: tuple[int, int] | None = None  # offset and line where the present gap begins

    def read(self, piece: Piece) -> Iterator[RawLine]:
        with Index(piece.index) as index:
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
            yield self._take(self._carry, self._carry_ms, is_whole=False)

    def _cut(self) -> Iterator[RawLine]:
        """A gap begins: what is there of its first line is shown."""
        if self._carry:
            yield self._take(self._carry, self._carry_ms)
            self._carry = b""
        if self._gap_from is None:
            self._gap_from = (self.position, self._line)

    def _leap(self, piece: Piece, index: Index) -> bool:
        """To the first line that begins in the piece, if there is one."""
        first = index.first()
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

    def _split_data(self, data: bytes, index: Index) -> Iterator[RawLine]:
        *lines, last = data.split(b"\n")
        start = self.position
        for text in lines:
            self.position += len(text) + 1
            at_ms = self._carry_ms if self._carry else _arrival(index, start)
            text, self._carry = self._carry + text, b""
            yield self._take(text, at_ms)
            start = self.position
        if last:
            self._carry_ms = self._carry_ms if self._carry else _arrival(index, start)
            self._carry += last
            self.position += len(last)

    def _take(self, data: bytes, at_ms: int, *, is_whole: bool = True) -> RawLine:
        gap, dropped = None, 0
        if self._gap_from is not None:
            offset, line = self._gap_from
            gap, dropped = (line, self._line), max(0, self.position - len(data) - 1 - offset)
            self._gap_from = None
        taken = RawLine(
            n=self._line, data=data, end=self.position, at_ms=at_ms, is_whole=is_whole, gap=gap,
            gap_bytes=dropped,
        )  # fmt: skip
        self._line += 1
        return taken


def _arrival(index: Index, offset: int) -> int:
    found = index.of_offset(offset)
    return found.at_ms if found is not None else 0


def _start_of(name: str) -> int | None:
    if name == _HEAD:
        return 0
    start = name.removeprefix(f"{_HEAD}.tail.")
    return int(start) if start != name and start.isascii() and start.isdigit() else None
