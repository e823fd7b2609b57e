"""When a running run will probably end: learned from its last runs, corrected by what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from rota.core.run import Run, RunState, StepState
from rota.core.seams import RunBar

SAMPLES_NEEDED = 3
SAMPLES_USED = 10


class EtaKind(StrEnum):
    ESTIMATING = "estimating"  # too little is known of this job
    ENDS_AT = "ends_at"
    ALMOST_DONE = "almost_done"  # past the estimate, or all but done by its own word


@dataclass(frozen=True, slots=True, kw_only=True)
class Eta:
    """`ends_at` is there for ENDS_AT alone."""

    kind: EtaKind
    ends_at: datetime | None = None

    def remaining(self, now: datetime) -> timedelta | None:
        """What is left, never negative; None unless it is known."""
        return None if self.ends_at is None else max(timedelta(), self.ends_at - now)


def estimate(
    durations: Sequence[timedelta], *, started_at: datetime, now: datetime, fraction: float | None = None
) -> Eta:
    """From the durations of completed runs (oldest first), this one's start and how far it is (0 to 1)."""
    if len(durations) < SAMPLES_NEEDED:
        return Eta(kind=EtaKind.ESTIMATING)
    usual = timedelta(seconds=median(length.total_seconds() for length in durations[-SAMPLES_USED:]))
    left = _left(usual, max(timedelta(), now - started_at), fraction or 0.0)
    if left <= timedelta():
        return Eta(kind=EtaKind.ALMOST_DONE)
    return Eta(kind=EtaKind.ENDS_AT, ends_at=now + left)


def completed_durations(bars: Sequence[RunBar]) -> tuple[timedelta, ...]:
    """The durations that count, from a job's history, oldest first."""
    return tuple(
        timedelta(milliseconds=bar.duration_ms)
        for bar in bars
        if bar.state is RunState.COMPLETED and bar.duration_ms is not None
    )


def step_lengths(runs: Sequence[Run]) -> Mapping[str, timedelta]:
    """How long each step usually takes, by its key: the median of those of these runs that completed."""
    lengths: dict[str, list[float]] = {}
    for run in runs:
        for step in run.steps:
            if step.state is StepState.COMPLETED and step.started_at and step.ended_at:
                length = (step.ended_at - step.started_at).total_seconds()
                lengths.setdefault(step.key, []).append(max(0.0, length))
    known = {key: found for key, found in lengths.items() if len(found) >= SAMPLES_NEEDED}
    return {key: timedelta(seconds=median(found[:SAMPLES_USED])) for key, found in known.items()}


def _left(usual: timedelta, elapsed: timedelta, fraction: float) -> timedelta:
    if fraction <= 0:
        return usual - elapsed
    # What is still to do goes at a pace between the usual one and today's; the further the run is, the more
    # today's counts. On a usual day both are the same.
    return (1 - fraction) * ((1 - fraction) * usual + elapsed)
