"""How long a run of a job will probably take, and from what that is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from statistics import median as middle

from rota.core.eta import SAMPLES_USED, completed_durations
from rota.core.model import JobSpec
from rota.core.seams import RunBar

ASSUMED = timedelta(minutes=1)


class Known(StrEnum):
    """Where a length comes from, the surest first."""

    HISTORY = "history"  # the median of the last completed runs
    EXPECT = "expect"  # expect.duration.max of the job
    TIMEOUT = "timeout"  # limits.timeout: it takes no longer
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    value: timedelta
    known: Known


def usual_length(spec: JobSpec, median: timedelta | None = None) -> Length:
    """The length to count with; `median` is what the ledger tells of the job, if anything."""
    if median is not None:
        return Length(value=median, known=Known.HISTORY)
    if spec.expect.longest is not None:
        return Length(value=spec.expect.longest, known=Known.EXPECT)
    if spec.limits.timeout is not None:
        return Length(value=spec.limits.timeout, known=Known.TIMEOUT)
    return Length(value=ASSUMED, known=Known.ASSUMED)


def median_length(bars: Iterable[RunBar]) -> timedelta | None:
    """Of the last completed runs, from the history of a job; None when none has completed yet."""
    lengths = completed_durations(tuple(bars))[-SAMPLES_USED:]
    return timedelta(seconds=middle(each.total_seconds() for each in lengths)) if lengths else None
