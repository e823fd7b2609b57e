"""Ends of upstreams that an earlier daemon stored: which of them are still owed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fakes.clock import START, FakeClock
from fakes.jobs import a_job
from fakes.store import MemoryStore
from rota.core.run import Reason, Run, RunState, TriggeredBy
from rota.core.spread import delay
from rota.core.triggers import AfterTrigger
from rota.engine.ends import Ends

SECOND = timedelta(seconds=1)
SPREAD = timedelta(minutes=10)


def ended(second: int) -> Run:
    at = START + second * SECOND
    run = Run(
        job="export", number=0, state=RunState.COMPLETED, triggered_by=TriggeredBy.MANUAL, created_at=at
    )
    return replace(run, ended_at=at)


async def test_an_end_within_a_stretch_of_skips_is_owed_when_it_starts_later_than_they_did() -> None:
    store = MemoryStore(clock=FakeClock(START))
    trigger = AfterTrigger(jobs=("export",), spread=SPREAD, seed="db1/report")
    spec = a_job("report", triggers=(trigger,))
    seconds = [100, *range(110, 200, 10), 200]
    await store.add([ended(second) for second in seconds])
    asked = START + 200 * SECOND + SPREAD / 2  # up to when the daemon answered what was to start
    skip = Run(
        job="report",
        number=0,
        state=RunState.SKIPPED,
        reason=Reason.OVERLAP,
        triggered_by=TriggeredBy.AFTER,
        created_at=asked,
        ended_at=asked,
        due_at=START + 99 * SECOND,
        last_due_at=START + 201 * SECOND,
        planned_at=asked,
        count=9,
    )
    await store.add([skip])
    ends = Ends()
    ends.load([spec], [])

    owed = await ends.recall(store, spec, START, asked)

    starts = {due.at: due.starts_at for due in owed}
    late = [START + second * SECOND for second in seconds]
    late = [at for at in late if at + delay("db1/report", at, SPREAD) > asked]
    assert late
    assert sorted(starts) == late
