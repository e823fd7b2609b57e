"""What becomes of an attempt that was not final when the daemon went away: one table, asked in order."""

from __future__ import annotations

from dataclasses import dataclass

from rota.core.outcome import Outcome, interrupted, lost
from rota.core.run import Attempt, StepState
from rota.core.seams import AttemptReport, AttemptWhere, Ended, Started


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeEnd:
    """Its end is known: record it as if it came now. `started` when its start was never recorded."""

    ended: Ended
    started: Started | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOn:
    """It lives. `started` when its start was never recorded."""

    started: Started | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartNow:
    """It was never started: start it if that is still allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """It is over, and this is all that can be said; never start it again under this id."""

    outcome: Outcome
    started: Started | None = None


Recovery = TakeEnd | WatchOn | StartNow | GiveUp


def recover(attempt: Attempt, report: AttemptReport, boot_id: str) -> Recovery:
    """`report`: what the runner and the attempt's directory say; `boot_id`: that of this boot of the host."""
    started = report.started if attempt.state is StepState.PENDING else None
    if report.ended is not None:
        return TakeEnd(ended=report.ended, started=started)
    if report.where is AttemptWhere.LIVE:
        return WatchOn(started=started)
    if attempt.boot_id and attempt.boot_id != boot_id:
        return GiveUp(outcome=interrupted("the host went down"), started=started)
    if report.where is AttemptWhere.ABSENT and attempt.state is StepState.PENDING:
        return StartNow()
    # Also when its directory has vanished though its start is on record: it must not run twice.
    return GiveUp(outcome=lost(), started=started)
