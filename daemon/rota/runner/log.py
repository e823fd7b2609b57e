"""Writes the log of one attempt: head and tail within a limit, and when each line arrived.

Offsets are bytes of what the job wrote in all, kept or not. `output.log` is the head; behind it come pieces
of the tail, each named by the offset it begins at. Beside each piece lies its index.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rota.runner.system import System

HEAD = "output.log"
INDEX = "output.idx"
RECORD = struct.Struct("<QQQ")  # line number, offset of its first byte, arrival in ms since the epoch
TAIL_PIECES = 4
INDEX_EVERY_MS = 10
INDEX_EVERY_BYTES = 32 * 1024
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND


class LogWriter:
    """Appends to the log in the directory `at`; files are made when the first byte comes."""

    def __init__(self, system: System, at: int, limit: int) -> None:
        self._system = system
        self._at = at
        self._head = limit // 2
        self._piece = max(1024, limit // (2 * TAIL_PIECES))
        self._piece_start = 0
        self._pieces: list[int] = []  # offsets of the tail's pieces that are there
        self._fd = -1
        self._index = -1
        self._cut = False  # bytes were lost at the end of the present piece: the disk was full
        self._is_empty = True  # nothing of the present piece is on the disk
        self.lost = 0  # bytes that the disk refused
        self._line = 0  # newlines so far
        self._line_starts = True  # the next byte is the first of a line
        self._indexed = (-INDEX_EVERY_MS, -INDEX_EVERY_BYTES)  # arrival and offset of the last record
        self._unwritten = 0  # bytes of what is being written now
        self.size = 0

    def resume(self) -> None:
        """Go on where an earlier writer of the same log stopped."""
        names = self._system.names(self._at)
        prefix = f"{HEAD}.tail."
        self._pieces = sorted(int(name[len(prefix) :]) for name in names if name.startswith(prefix))
        if HEAD not in names:
            return
        self._piece_start = self._pieces[-1] if self._pieces else 0
        self._read_position()

    def write(self, data: bytes, at_ms: int) -> None:
        """Take over what the job wrote. What a full disk refuses is a gap in the log, never an error."""
        while data:
            room = self._room()
            if self._cut or room <= 0:
                self._next_piece()
                continue
            part, data = data[:room], data[room:]
            try:
                self._append(part, at_ms)
            except OSError:
                self._cut = True
                self.lost += self._unwritten

    def close(self) -> None:
        for fd in (self._fd, self._index):
            if fd >= 0:
                self._system.close(fd)
        self._fd = self._index = -1

    def _room(self) -> int:
        limit = self._piece if self._piece_start or self._pieces else self._head
        return self._piece_start + limit - self.size

    def _next_piece(self) -> None:
        self.close()
        if self._is_empty and self._pieces:
            self._drop(self._pieces.pop())  # a disk that stays full must not push out what it took before
        self._cut = False
        self._is_empty = True
        self._piece_start = self.size
        self._pieces.append(self.size)
        self._indexed = (-INDEX_EVERY_MS, -INDEX_EVERY_BYTES)
        while len(self._pieces) > TAIL_PIECES:
            self._drop(self._pieces.pop(0))

    def _drop(self, piece: int) -> None:
        for name in (HEAD, INDEX):
            _unlink(self._system, f"{name}.tail.{piece}", self._at)

    def _append(self, part: bytes, at_ms: int) -> None:
        offset = self.size
        self._unwritten = len(part)
        self.size += len(part)
        first = 0 if self._line_starts else part.find(b"\n") + 1
        begins = self._line_starts or 0 < first < len(part)
        line = self._line if self._line_starts else self._line + 1
        self._line += part.count(b"\n")
        self._line_starts = part.endswith(b"\n")
        if self._fd < 0:
            self._open()
        self._system.write(self._fd, part)
        self._is_empty, self._unwritten = False, 0
        if begins and self._is_index_due(offset + first, at_ms):
            self._indexed = (at_ms, offset + first)
            self._system.write(self._index, RECORD.pack(line, offset + first, at_ms))

    def _is_index_due(self, offset: int, at_ms: int) -> bool:
        # Bounded, since a job may write single bytes for months.
        last_ms, last_offset = self._indexed
        return abs(at_ms - last_ms) >= INDEX_EVERY_MS or offset - last_offset >= INDEX_EVERY_BYTES

    def _open(self) -> None:
        suffix = f".tail.{self._piece_start}" if self._pieces else ""
        self._fd = self._system.open(HEAD + suffix, _APPEND, self._at)
        self._index = self._system.open(INDEX + suffix, _APPEND, self._at)

    def _read_position(self) -> None:
        suffix = f".tail.{self._piece_start}" if self._pieces else ""
        line, offset = self._last_record(INDEX + suffix)
        begin = max(0, offset - self._piece_start)
        written, newlines, last = self._count(HEAD + suffix, begin)
        self.size = self._piece_start + written
        self._is_empty = written == 0
        self._line = line + newlines
        self._line_starts = written == 0 or last == b"\n"

    def _last_record(self, name: str) -> tuple[int, int]:
        """Line and offset of the last record in that index, or those of the piece's beginning."""
        try:
            whole = self._system.size(name, self._at) // RECORD.size
            fd = self._system.open(name, os.O_RDONLY, self._at)
        except OSError:
            whole, fd = 0, -1
        if fd < 0:
            return 0, self._piece_start
        data = self._system.read_at(fd, RECORD.size, (whole - 1) * RECORD.size) if whole else b""
        self._system.close(fd)
        if len(data) < RECORD.size:
            return 0, self._piece_start
        line, offset, _ = RECORD.unpack(data)
        return line, offset

    def _count(self, name: str, begin: int) -> tuple[int, int, bytes]:
        """Bytes of that file, newlines from byte `begin` on, and its last byte; a log may be of gigabytes."""
        try:
            size = self._system.size(name, self._at)
            fd = self._system.open(name, os.O_RDONLY, self._at)
        except OSError:
            return 0, 0, b""
        newlines, position = 0, begin
        while data := self._system.read_at(fd, 1 << 20, position):
            newlines += data.count(b"\n")
            position += len(data)
        last = self._system.read_at(fd, 1, size - 1) if size else b""
        self._system.close(fd)
        return size, newlines, last


def read_all(system: System, name: str, at: int) -> bytes:
    """The content of a file; empty when it is not there."""
    try:
        fd = system.open(name, os.O_RDONLY, at)
    except OSError:
        return b""
    return read_to_end(system, fd)


def read_to_end(system: System, fd: int) -> bytes:
    """What is left of that file, which is closed then. Raises OSError."""
    try:
        pieces = []
        while piece := system.read(fd, 1 << 20):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        system.close(fd)


def _unlink(system: System, name: str, at: int) -> None:
    try:
        system.unlink(name, at)
    except OSError:
        return  # not there, or the disk takes no changes any more: the log is longer than it should be
