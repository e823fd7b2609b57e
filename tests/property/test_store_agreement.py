"""Whatever is asked of them in whatever order: the ledger and the store in memory answer the same."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.clock import FakeClock
from fakes.store import MemoryStore
from rota.core.run import Reason, Run, RunState, TriggeredBy
from rota.core.seams import JobRecord, RunQuery, Store
from rota.store.ledger import Ledger

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

JOBS = st.sampled_from(["a", "b"])
DUE = st.none() | st.integers(0, 8).map(lambda minute: NOON + timedelta(minutes=minute))
SKIPPED_FOR = st.none() | st.sampled_from([Reason.OVERLAP, Reason.PAUSED])


@dataclass(frozen=True)
class Add:
    runs: Sequence[Run]


@dataclass(frozen=True)
class Save:
    which: int
    state: RunState


@dataclass(frozen=True)
class Answer:
    record: JobRecord


def a_run(job: str, due: datetime | None, reason: Reason | None) -> Run:
    state = RunState.PENDING if reason is None else RunState.SKIPPED
    by = TriggeredBy.MANUAL if due is None else TriggeredBy.SCHEDULE
    return Run(
        job=job, number=0, state=state, reason=reason, triggered_by=by, due_at=due, created_at=due or NOON
    )


RUNS = st.builds(a_run, JOBS, DUE, SKIPPED_FOR)
STEPS = st.lists(
    st.one_of(
        st.lists(RUNS, min_size=1, max_size=5).map(Add),
        st.builds(Save, st.integers(0, 20), st.sampled_from(list(RunState))),
        st.builds(lambda job, at: Answer(JobRecord(job=job, answered_until=at)), JOBS, DUE),
    ),
    max_size=12,
)

# What the two know is the question here, and not what a disk keeps: none has to be waited for.
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_ledger_and_memory_agree(steps: Sequence[Add | Save | Answer]) -> None:
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        asyncio.run(_compare(Path(folder), steps))


async def _compare(folder: Path, steps: Sequence[Add | Save | Answer]) -> None:
    clock = FakeClock(NOON)
    memory, ledger = MemoryStore(clock=clock), Ledger.open(folder / "ledger.db", clock)
    try:
        for step in steps:
            assert await _take(memory, step) == await _take(ledger, step)
        for query in (RunQuery(), RunQuery(job="a", skipped=False), RunQuery(limit=3)):
            one, other = await memory.runs(query), await ledger.runs(query)
            assert (list(one.runs), one.total) == (list(other.runs), other.total)
        assert await memory.records() == await ledger.records()
        assert list(await memory.unfinished()) == list(await ledger.unfinished())
        assert await memory.bars(2) == await ledger.bars(2)
    finally:
        await ledger.close()


async def _take(store: Store, step: Add | Save | Answer) -> object:
    if isinstance(step, Add):
        return list(await store.add(step.runs))
    if isinstance(step, Answer):
        await store.save_records([step.record])
        return None
    known = (await store.runs(RunQuery(limit=100))).runs
    if not known:
        return None
    run = known[step.which % len(known)]
    await store.save(replace(run, state=step.state, attempt=run.attempt + 1))
    return None
