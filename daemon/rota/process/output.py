"""What attempts wrote: their logs, read from the runner's state directory, and their outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rota.core.seams import AttemptRef, LogLine, LogPage

OUTPUTS = 64
OUTPUT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChunk:
    """Raw lines read on from a place, markers included, and the place to read on from."""

    lines: Sequence[LogLine]
    offset: int
    line: int
    gap: tuple[int, int] | None = None  # raw lines [first, last) that `limits.output` dropped on the way


class Logs:
    """Reads the logs of attempts; `root` is the runner's state directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def directory(self, ref: AttemptRef) -> Path:
        """Where the attempt's files lie; it need not be there."""
        return self._root / ref.job / str(ref.number) / f"{ref.step}.{ref.n}"

    def page(self, ref: AttemptRef, *, start: int = 0, limit: int = 1000, markers: bool = True) -> LogPage:
        """At most `limit` raw lines from number `start` on, well-formed markers hidden when `markers`.

        Hidden lines keep their numbers. A log that is not there is an empty page.
        """
        raise NotImplementedError

    def read_from(self, ref: AttemptRef, offset: int, line: int, *, final: bool = False) -> LogChunk:
        """Whole raw lines from that byte on, which is the start of raw line `line`; at most 1 MiB at once.

        `final`: the attempt has ended, so a last line without a newline counts too.
        """
        raise NotImplementedError

    def raw(self, ref: AttemptRef) -> Iterator[bytes]:
        """The log as it was written, in pieces; one line of ours stands where the middle was dropped."""
        raise NotImplementedError

    def outputs(self, ref: AttemptRef) -> dict[str, str]:
        """The `key=value` lines of `$ROTA_OUTPUT`: the first MiB, at most 64 names; other lines are left out."""
        raise NotImplementedError
