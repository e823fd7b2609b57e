"""What is owed for the due instants of a pause, when people want them after all (`--catch-up`). Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rota.core.board import Due
from rota.core.changed import changed
from rota.core.decisions import Start
from rota.core.missed import KEPT
from rota.core.model import JobSpec, MissedPolicy
from rota.core.run import Reason, Run, TriggeredBy
from rota.core.schedule import owed_between

_TICK = timedelta(milliseconds=1)  # instants are stored in milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """Runs to start, oldest first, and the skips that gave their due instants to them, as they are now."""

    starts: tuple[Start, ...]
    shortened: tuple[Run, ...]


def catch_up_paused(spec: JobSpec, skips: Sequence[Run], now: datetime) -> CatchUp:
    """Answer paused instants by the job's `missed` policy. `skips`: rows of the job, oldest first.

    A due instant is owed only while it is a PAUSED skip, so nothing is owed twice.
    """
    keep = {MissedPolicy.SKIP: 0, MissedPolicy.LATEST: 1, MissedPolicy.ALL: KEPT}[spec.missed.run]
    within = spec.missed.within
    if spec.start_deadline is not None:
        within = min(within, spec.start_deadline)
    kept: list[Due] = []
    shortened: list[Run] = []
    for skip in reversed(skips):
        if len(kept) >= keep:
            break
        if skip.reason is not Reason.PAUSED or skip.due_at is None:
            continue
        instants = _instants(spec, skip, since=now - within, keep=keep - len(kept) + 1)
        given = [due for due in instants if now - due.at <= within][-(keep - len(kept)) :]
        if given:
            kept = [*given, *kept]
            shortened.append(_without(skip, given, instants[: -len(given)]))
    starts = (Start(job=spec.id, due=due, triggered_by=TriggeredBy.CATCH_UP) for due in kept)
    return CatchUp(starts=tuple(starts), shortened=tuple(reversed(shortened)))


def _instants(spec: JobSpec, skip: Run, *, since: datetime, keep: int) -> list[Due]:
    """The newest instants that the skip stands for, oldest first."""
    assert skip.due_at is not None
    last = skip.last_due_at or skip.due_at
    # By nominal instants: `spread` moves none of them by more than its length.
    spread = max((trigger.spread for trigger in spec.triggers), default=timedelta(0))
    begin = max(skip.due_at, since) - _TICK
    named = owed_between(spec.id, spec.triggers, begin, last + spread)
    inside = (due for due in named if skip.due_at <= due.at <= last)
    found = list(deque(inside, maxlen=min(keep, skip.count)))
    if found:
        return found
    # No calendar names it: the end of another job's run made it, or a boot.
    return [Due(job=spec.id, at=last, upstream=skip.upstream)] if last >= since else []


def _without(skip: Run, given: Sequence[Due], before: Sequence[Due]) -> Run:
    assert skip.due_at is not None
    left = skip.count - len(given)
    if left <= 0:
        return changed(skip, due_at=None, last_due_at=None, message=f"{skip.message}; caught up afterwards")
    first = skip.due_at
    if first in {due.at for due in given}:  # a long `spread` made it start among the last
        first = min((due.at for due in before), default=first + _TICK)
    last = max((due.at for due in before), default=max(first, given[0].at - _TICK))
    planned = before[-1].starts_at if before else last
    last_due_at = last if left > 1 else None
    return changed(skip, count=left, due_at=first, last_due_at=last_due_at, planned_at=planned)
