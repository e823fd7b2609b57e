"""Lines of one raw log, read on from a place, over all its pieces.

An offset counts bytes of all that the job wrote, a line number its newlines; both from 0, dropped ones too.
Files may have been lost or damaged meanwhile: what can't be is not believed, and what is left is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rota.process.log_index import Arrival, Index
from rota.process.pieces import Piece

LINE_BYTES = 128 * 1024  # of a longer line the rest is only counted

_READ = 256 * 1024
_LONG = 1024 * 1024


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
