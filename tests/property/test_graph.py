"""Any graph of steps, whatever becomes of each: every step at its turn, at most once a try, and an end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from fakes.engine import FakeEngine
from fakes.graphs import going_on, process
from fakes.jobs import a_job, a_step
from rota.core.model import CONDITION, Command, Condition, ExitCodes, JobSpec, Retry
from rota.core.run import Reason, Run, RunState, Step, StepState

SECOND = timedelta(seconds=1)
CODES = {"ok": 0, "fails": 1, "skips": 99, "fatal": 64}
ENDED_FOR_GOOD = (RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED, RunState.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A job, and what happens: `(which of the living processes, how it ends)`, restarts and waits between."""

    spec: JobSpec
    ends: list[tuple[int, str]]
    restarts: frozenset[int]
    cancel_after: int | None


@st.composite
def stories(draw: st.DrawFn) -> Story:
    keys = [f"s{n}" for n in range(draw(st.integers(1, 6)))]
    steps = []
    for place, key in enumerate(keys):
        needs = draw(st.lists(st.sampled_from(keys[:place]), unique=True, max_size=3)) if place else []
        when = draw(st.sampled_from(["success", "success", "failure", "always"])) if needs else "success"
        own = draw(st.sampled_from([None, None, Retry(attempts=2, delay=SECOND)]))
        steps.append(replace(a_step(key), needs=tuple(needs), when=when, retry=own))
    retry = Retry(attempts=draw(st.integers(1, 2)), delay=SECOND, restart=draw(st.booleans()))
    codes = ExitCodes(skip=frozenset({99}), fatal=frozenset({64}))
    shuffled = draw(st.permutations(steps))
    condition = draw(st.sampled_from([None, Condition(work=Command(argv=("/bin/true",)), text="true")]))
    spec = replace(a_job(retry=retry, exit_codes=codes, condition=condition), steps=tuple(shuffled))
    ends = draw(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([*CODES, "ok", "ok"])), max_size=30))
    cancel = draw(st.one_of(st.none(), st.none(), st.integers(0, 8)))
    return Story(
        spec=spec, ends=ends, restarts=draw(st.frozensets(st.integers(0, 8), max_size=2)), cancel_after=cancel
    )


@given(story=stories())
@settings(max_examples=120, deadline=None)
async def test_every_graph_comes_to_its_end(story: Story) -> None:
    with capture_logs() as logs:
        await told_in_full(story)
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


async def told_in_full(story: Story) -> None:
    async with FakeEngine(story.spec) as engine:
        await engine.start()
        told = iter(story.ends)
        for moment in range(60):
            run = await engine.store.run("backup", 1)
            assert run is not None
            if run.state.is_final:
                break
            holds(run, story.spec)
            if moment in story.restarts:
                await engine.restart()
            if moment == story.cancel_after:
                await engine.operations.cancel("backup.1")
                await engine.settle()
            await one_ends(engine, *next(told, (0, "ok")))
        run = await engine.store.run("backup", 1)
        assert run is not None
        over(run, story.spec)
        starts(engine, run)


async def one_ends(engine: FakeEngine, which: int, how: str) -> None:
    alive = going_on(engine.hands)
    if not alive:
        await engine.clock.advance(1)
        return
    process(engine.hands, alive[which % len(alive)]).end(CODES[how])
    await engine.settle()


def holds(run: Run, spec: JobSpec) -> None:
    """What is so at every moment of a run that goes on."""
    steps = {step.key: step for step in run.steps}
    for attempt in run.attempts:
        if attempt.state is not StepState.RUNNING or attempt.step == CONDITION:
            continue
        for needed in needs(spec, attempt.step):
            assert steps[needed].state.is_final
            if steps[attempt.step].when == "success":
                assert has_passed(steps[needed])
    assert (run.next_attempt_at is not None) <= (run.state is RunState.RETRYING)
    assert run.attempt <= run.max_attempts
    assert 0 <= run.progress.percent <= 100


def over(run: Run, spec: JobSpec) -> None:
    assert run.state in ENDED_FOR_GOOD
    assert run.message
    assert all(step.state.is_final for step in run.steps)
    assert all(attempt.state.is_final for attempt in run.attempts)
    failed = [step for step in run.steps if step.state is StepState.FAILED]
    assert (run.state is RunState.FAILED) == bool(failed) or run.state is RunState.CANCELLED
    steps = {step.key: step for step in run.steps}
    if run.state is RunState.CANCELLED or run.reason is Reason.CONDITION:
        return
    for step in run.steps:
        if step.when == "success" and step.state in (StepState.COMPLETED, StepState.FAILED):
            assert all(has_passed(steps[needed]) for needed in needs(spec, step.key))
        if step.reason is Reason.DEPENDENCY:
            assert any(stands_in_the_way(steps[above]) for above in all_above(spec, step.key))


def starts(engine: FakeEngine, run: Run) -> None:
    """Each attempt is one process; a step has no more of them than its tries allow."""
    names = [each.name for each in engine.hands.processes]
    assert len(names) == len(set(names))
    for step in run.steps:
        own = max(1, step.max_attempts)
        assert sum(name.startswith(f"{step.key}.") for name in names) <= own * run.max_attempts


def needs(spec: JobSpec, key: str) -> tuple[str, ...]:
    step = spec.step(key)
    assert step is not None
    return step.needs or ()


def all_above(spec: JobSpec, key: str) -> set[str]:
    direct = needs(spec, key)
    return set(direct).union(*(all_above(spec, each) for each in direct))


def has_passed(step: Step) -> bool:
    """Completed, or left out by its own `if`."""
    return step.state is StepState.COMPLETED or step.reason is Reason.CONDITION


def stands_in_the_way(step: Step) -> bool:
    return step.state is StepState.FAILED or step.reason is Reason.EXIT_CODE
