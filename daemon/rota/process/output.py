"""What attempts wrote: their logs, read from the runner's state directory, and their outputs."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rota.core import markers as core_markers
from rota.core.errors import JobError
from rota.core.instant import from_ms
from rota.core.log_page import LogLine, LogPage
from rota.core.seams import AttemptRef
from rota.process.files import PASSING
from rota.process.items import read_items
from rota.process.pieces import Piece, find_pieces
from rota.process.raw_lines import RawLine, find_line, read_lines

OUTPUTS = 64
OUTPUT_BYTES = 1024 * 1024
CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChunk:
    """Raw lines read on from a place, markers included, and the place to read on from."""

    lines: Sequence[LogLine]
    offset: int
    line: int
    gap: tuple[int, int] | None = None  # raw lines [first, last) that were not kept on the way


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What an attempt that has ended wrote in all, in bytes, and when it ended."""

    size: int
    at: datetime


class Logs:
    """Reads the logs of attempts; `root` is the runner's state directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def directory(self, ref: AttemptRef) -> Path:
        """Where the attempt's files lie; it need not be there."""
        return Path(self._path(ref))

    def page(
        self,
        ref: AttemptRef,
        *,
        start: int = 0,
        limit: int = 1000,
        markers: bool = True,
        written: Written | None = None,
    ) -> LogPage:
        """At most `limit` raw lines from number `start` on, well-formed markers hidden when `markers`.

        Hidden lines keep their numbers; a line of ours (level `meta`) stands where the middle was dropped,
        and at the end when less is there than was `written`, which is known once the attempt has ended.
        `end` once it has and all was read. A log that is not there is a page without lines of its own.
        """
        directory = self.directory(ref)
        # Asked first: what is read after it is all there is.
        has_ended = written is not None or (directory / "exit").exists()
        pieces = find_pieces(directory)
        page = _Page(start=start, hides_markers=markers, next=start)
        for line in read_lines(pieces, *find_line(pieces, start), wanted=start):
            if line.n < start:
                continue
            if page.is_full(limit) or not (line.is_whole or has_ended):
                return page.build(is_end=False)
            page.add(line)
        if written is not None:
            page.add_loss(_end_of(pieces), written)
        return page.build(is_end=has_ended)

    def read_from(
        self, ref: AttemptRef, offset: int, line: int, *, final: bool = False, upto: int | None = None
    ) -> LogChunk:
        """Whole raw lines from that byte on, which is the start of raw line `line`; about 1 MiB at once.

        `final`: the attempt has ended, so a last line without a newline counts too. `upto`: none that ends
        behind that byte.
        """
        lines: list[LogLine] = []
        gap, first = None, offset
        for raw in read_lines(find_pieces(self.directory(ref)), offset, line):
            if (not raw.is_whole and not final) or (upto is not None and raw.end > upto):
                break
            gap = gap or raw.gap
            lines.append(_log_line(raw))
            offset, line = raw.end, raw.n + 1
            if offset - first >= CHUNK_BYTES:
                break
        return LogChunk(lines=lines, offset=offset, line=line, gap=gap)

    def unended(self, ref: AttemptRef, start: int) -> int | None:
        """Up to where the raw log holds no end of a line from byte `start` on; None when it holds one.

        Much cheaper than `read_from` for a line that grows and grows, such as a progress bar.
        """
        for piece in find_pieces(self.directory(ref)):
            if piece.end <= start:
                continue
            if piece.start > start or any(b"\n" in data for data in _content(piece, start - piece.start)):
                return None
            start = piece.end
        return start

    def raw(self, ref: AttemptRef, *, written: Written | None = None) -> Iterator[bytes]:
        """The log as it was written, in pieces; one line of ours stands where the middle was dropped.

        `written` as for `page`.
        """
        position = 0
        for piece in find_pieces(self.directory(ref)):
            if piece.start > position:
                yield f"\n{_gap_text(None, piece.start - position)}\n".encode()
            yield from _content(piece)
            position = piece.end
        if written is not None and written.size > position:
            before = "\n" if position else ""
            yield f"{before}{_loss_text(position, written.size)}\n".encode()

    def outputs(self, ref: AttemptRef) -> dict[str, str]:
        """The `key=value` lines of `$ROTA_OUTPUT`, the last of a name; others are left out.

        At most 64 names. Raises JobError when there is something that is no regular file of at most 1 MiB.
        """
        found: dict[str, str] = {}
        content = _read_outputs(f"{self._path(ref)}/job/outputs")
        for line in content.decode("utf-8", "replace").split("\n"):
            output = core_markers.parse_output(line)
            if output is not None and (output.key in found or len(found) < OUTPUTS):
                found[output.key] = output.value
        return found

    def items(self, ref: AttemptRef) -> Iterator[object]:
        """The items that the attempt found, in order; reads as it goes.

        Raises JobError when there is something else than `handlers.items` leaves there, or nothing.
        """
        try:
            yield from read_items(f"{self._path(ref)}/job/items")
        except OSError as error:
            if error.errno in PASSING:
                raise
            raise JobError(f"The items that it found can't be read: {error.strerror}.") from error

    def _path(self, ref: AttemptRef) -> str:
        # A text: joining paths costs more than opening the file, and this is done for every attempt.
        return f"{self._root}/{ref.job}/{ref.number}/{ref.step}.{ref.n}"


@dataclass(slots=True, kw_only=True)
class _Page:
    start: int
    hides_markers: bool
    next: int
    lines: list[LogLine] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    size: int = 0
    offset: int = 0
    gap: tuple[int, int] | None = None

    def is_full(self, limit: int) -> bool:
        return len(self.raw) >= limit or self.size >= CHUNK_BYTES

    def add(self, line: RawLine) -> None:
        shown = _log_line(line)
        if line.gap is not None:
            self._add_gap(line, line.gap)
        self.raw.append(shown.text)
        self.size += len(line.data)
        self.next, self.offset = line.n + 1, line.end
        if not self.hides_markers or not core_markers.is_marker(shown.text):
            self.lines.append(shown)

    def build(self, *, is_end: bool) -> LogPage:
        return LogPage(
            lines=self.lines, next=self.next, end=is_end, gap=self.gap, offset=self.offset, raw=self.raw
        )

    def add_loss(self, end: int, written: Written) -> None:
        """Tell when what the attempt wrote behind `end` is not there."""
        if written.size > end:
            text = _loss_text(end, written.size)
            self.lines.append(LogLine(n=self.next, at=written.at, text=text, level="meta"))

    def _add_gap(self, line: RawLine, gap: tuple[int, int]) -> None:
        first = max(gap[0], self.start)
        if first >= gap[1]:
            return
        self.gap = (first, gap[1])
        text = _gap_text(gap[1] - first, line.gap_bytes)
        self.lines.append(LogLine(n=first, at=from_ms(line.at_ms), text=text, level="meta"))


def _log_line(line: RawLine) -> LogLine:
    text = line.data.decode("utf-8", "replace")
    if line.more > 0:
        text += f"… ({line.more} bytes more)"
    is_odd = core_markers.looks_like_marker(text) and not core_markers.is_marker(text)
    return LogLine(n=line.n, at=from_ms(line.at_ms), text=text, level="warning" if is_odd else "info")


def _gap_text(lines: int | None, size: int) -> str:
    what = f"{size} bytes" if lines is None else f"{lines} lines, {size} bytes"
    return f"… {what} in the middle were not kept (limits.output, or no room on the disk) …"


def _loss_text(end: int, size: int) -> str:
    if end == 0:
        return f"… this log is not there any more: {size} bytes were written (see `retention` and the disk) …"
    return f"… the last {size - end} bytes are not there: no room on the disk, or lost since …"


def _end_of(pieces: Sequence[Piece]) -> int:
    return max((piece.end for piece in pieces), default=0)


def _content(piece: Piece, skipped: int = 0) -> Iterator[bytes]:
    try:
        with piece.path.open("rb") as file:
            file.seek(skipped)
            left = piece.end - piece.start - skipped
            while left > 0 and (data := file.read(min(left, CHUNK_BYTES))):
                left -= len(data)
                yield data
    except FileNotFoundError:
        return  # an old piece of the tail, gone while we read


def _read_outputs(path: str) -> bytes:
    """A file that a job made: it may be anything, so nothing is followed or waited for."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    except OSError as error:
        if error.errno in PASSING:
            raise
        why = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise JobError(f"$ROTA_OUTPUT was not read: {why}") from error
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise JobError("$ROTA_OUTPUT was not read: it is no regular file")
        if status.st_nlink > 1:  # what only the daemon may read can get a second name there
            raise JobError("$ROTA_OUTPUT was not read: it is a hard link")
        if status.st_size > OUTPUT_BYTES:
            raise JobError(f"$ROTA_OUTPUT was not read: it is larger than {OUTPUT_BYTES // 1024**2} MiB")
        return os.read(fd, OUTPUT_BYTES)
    except OSError as error:
        raise JobError(f"$ROTA_OUTPUT was not read: {error.strerror}") from error
    finally:
        os.close(fd)
