"""New runs, from what was decided for due instants and from what people ask for. Nothing is stored here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rota.core import decisions as d
from rota.core import happenings as h
from rota.core import planning
from rota.core.board import JobEntry
from rota.core.lifecycle import apply, apply_all, new_run
from rota.core.model import JobSpec
from rota.core.room import Claim, claim_of
from rota.core.run import Run, TriggeredBy
from rota.engine.moves import attempts_created
from rota.engine.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run to be recorded; `claim`: the place that is kept for it meanwhile, None when it does not begin."""

    run: Run
    claim: Claim | None = None


class Batch:
    """What is to be recorded together: of each job it knows what came before in the same batch."""

    def __init__(self, parts: Parts) -> None:
        self.runs: list[NewRun] = []
        self._parts = parts
        self._begun: Counter[str] = Counter()
        self._queued: Counter[str] = Counter()

    def add(self, decision: d.Decision) -> None:
        """What to record for the decision; nothing when its job has gone meanwhile."""
        entry = self._parts.board.jobs.get(decision.job)
        if entry is None:
            return
        decided: Sequence[d.Decision] = [decision]
        if isinstance(decision, d.Start) and self._is_taken(entry, decision):
            # Somebody's run came in between the plan and now.
            begun, queued = self._begun[decision.job], self._queued[decision.job]
            now = self._parts.clock.now()
            decided = planning.plan(entry, [decision.due], now, begun=begun, queued=queued)
        for each in decided:
            new = _run_for(entry.spec, each, self._parts)
            self.runs.append(new)
            if new.run.triggered_by is not TriggeredBy.CATCH_UP:
                self._begun[decision.job] += new.claim is not None
                self._queued[decision.job] += new.run.is_queued

    def _is_taken(self, entry: JobEntry, decision: d.Start) -> bool:
        if decision.triggered_by is TriggeredBy.CATCH_UP:
            return False
        waiting = sum(run.triggered_by is not TriggeredBy.CATCH_UP for run in entry.queued)
        taken = len(entry.active) + waiting + self._begun[decision.job] + self._queued[decision.job]
        return taken >= entry.spec.concurrency.max


def opened(spec: JobSpec, opening: h.Opening, parts: Parts) -> NewRun:
    """A run that waits its turn, or one with its first attempt. Where there is no room it waits, too."""
    run = new_run(spec, opening)
    if opening.queued:
        return NewRun(run=run)
    room = parts.board.room
    claim = replace(claim_of(run, spec), number=room.ticket())
    if not room.admit(claim):
        waits = replace(opening, queued=True, message=room.obstacle(claim))
        return NewRun(run=new_run(spec, waits))
    return NewRun(run=apply_all(run, attempts_created(run, spec, parts)), claim=claim)


def _run_for(spec: JobSpec, decision: d.Decision, parts: Parts) -> NewRun:
    opening = h.Opening(
        at=parts.clock.now(),
        triggered_by=planning.trigger_of(decision.due),
        host=parts.board.host,
        due_at=decision.due.at,
        planned_at=decision.due.starts_at,
        upstream=decision.due.upstream,
        params=_defaults(spec),
    )
    match decision:
        case d.Queue():
            return opened(spec, replace(opening, queued=True), parts)
        case d.Start(triggered_by=TriggeredBy.CATCH_UP):
            waits = replace(opening, triggered_by=TriggeredBy.CATCH_UP, queued=True)
            return opened(spec, waits, parts)
        case d.Start(triggered_by=triggered_by):
            return opened(spec, replace(opening, triggered_by=triggered_by), parts)
        case d.Skip():
            return NewRun(run=apply(new_run(spec, opening), _skipped(decision, opening.at)))


def _skipped(decision: d.Skip, at: datetime) -> h.Skipped:
    return h.Skipped(
        at=at,
        reason=decision.reason,
        message=decision.message,
        count=decision.count,
        last_due_at=decision.last_due_at,
        last_planned_at=decision.last_planned_at,
    )


def _defaults(spec: JobSpec) -> dict[str, object]:
    return {name: schema["default"] for name, schema in spec.params.items() if "default" in schema}
