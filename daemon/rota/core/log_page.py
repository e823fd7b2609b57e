"""What is read of a log: lines, and pages of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a raw log; `n` counts from 0 and hidden (marker) lines keep theirs."""

    n: int
    at: datetime
    text: str
    level: str = "info"  # info | warning | meta (rota's own words, such as a gap)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    lines: Sequence[LogLine]
    next: int  # line to read on from
    end: bool  # nothing more will come
    gap: tuple[int, int] | None = None  # raw lines [first, last) dropped by `limits.output` inside this page
    offset: int = 0  # byte behind the last line read
    raw: Sequence[str] = field(default_factory=tuple)  # every whole raw line read, markers included
