"""How long a run of a job will probably take, and from what that is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from rota.core.model import JobSpec

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
