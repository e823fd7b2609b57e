"""Runs and skips as tests put them into a store; each minute is one due instant of `backup`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rota.core.run import Attempt, Progress, Reason, Run, RunState, Step, StepState, TriggeredBy
from rota.core.seams import RunQuery, Store

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def a_run(minute: int | None = 0, *, job: str = "backup", state: RunState = RunState.PENDING) -> Run:
    """A run that answers the due instant that many minutes after noon, or a request (None)."""
    due = None if minute is None else NOON + minute * MINUTE
    return Run(
        job=job,
        number=0,
        state=state,
        triggered_by=TriggeredBy.MANUAL if due is None else TriggeredBy.SCHEDULE,
        due_at=due,
        scheduled_for=due,
        created_at=due or NOON,
    )


def a_skip(minute: int, reason: Reason = Reason.OVERLAP, *, job: str = "backup") -> Run:
    return replace(a_run(minute, job=job, state=RunState.SKIPPED), reason=reason, message=f"minute {minute}")


def completed(run: Run, *, after: timedelta = MINUTE) -> Run:
    return replace(
        run, state=RunState.COMPLETED, started_at=run.created_at, ended_at=run.created_at + after, exit_code=0
    )


async def added(store: Store, run: Run) -> Run:
    (answer,) = await store.add([run])
    assert answer is not None
    return answer


async def ids(store: Store, query: RunQuery) -> list[str]:
    return [run.id for run in (await store.runs(query)).runs]


def everything() -> Run:
    """A run with a value in every field."""
    attempt = Attempt(
        id="a1",
        step="dump",
        created_at=NOON,
        started_at=NOON,
        ended_at=NOON + MINUTE,
        timeout_at=NOON + 2 * MINUTE,
        state=StepState.RUNNING,
        reason=Reason.SIGNAL,
        message="killed",
        exit_code=1,
        signal=9,
        pid=42,
        pid_started=4711,
        boot_id="b",
        log_offset=1,
        log_line=2,
        log_size=3,
        definition="h",
        markers=False,
        argv=("bash", "-c", "ä"),
        cwd="/",
        user="u",
    )
    step = Step(
        key="dump",
        title="Dump",
        state=StepState.RUNNING,
        reason=Reason.EXIT,
        share=3,
        started_at=NOON,
        ended_at=NOON + MINUTE,
        attempt=1,
        progress=Progress(current=1.5, total=3, text="half"),
        outputs={"size": "1"},
        announced=True,
        max_attempts=3,
        when="always",
    )
    return replace(
        a_run(0, state=RunState.RUNNING),
        reason=Reason.QUEUED,
        message="waits",
        started_at=NOON,
        ended_at=NOON + MINUTE,
        next_attempt_at=NOON + 2 * MINUTE,
        cancel_requested_at=NOON,
        max_attempts=4,
        attempt=1,
        exit_code=2,
        progress=Progress(current=1, total=2, text="x"),
        params={"database": "app", "deep": [1, {"a": None}]},
        result={"size": 1.5},
        warnings=("careful",),
        steps=(step,),
        attempts=(attempt,),
        retry_of="backup.0",
        host="db1",
        definition="h",
        source_file="backup.yaml",
        source_line=7,
        commit="c0ffee",
        dirty=True,
        planned_at=NOON + MINUTE,
        upstream=("export.3", "cleanup.4"),
        log_job="old-backup",
    )
