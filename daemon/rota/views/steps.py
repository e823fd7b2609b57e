"""The steps of a run: where each is, what it waits for, and how long it usually takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from rota.core.attempt_life import attempt_at, waits
from rota.core.graph import before, in_order, is_graph
from rota.core.instant import length_ms, to_ms
from rota.core.run import Attempt, Reason, Run, Step, StepState
from rota.views.run_table import log_path
from rota_catalog.tree import Node, clip

Usual = Mapping[str, timedelta]  # how long each step usually takes, by its key

_MOST = 200  # steps that are shown


def step_list(run: Run, usual: Usual, *, shown: str | None, zone: str) -> Node:
    """All steps, those of a graph after what they need; `shown`: the step whose log stands on the page."""
    steps = in_order(run.steps)
    running = [step for step in steps if step.state is StepState.RUNNING]
    props: dict[str, object] = {"steps": [_row(step, run, usual, zone) for step in steps[:_MOST]]}
    if running:
        props["current"] = running[0].key
    if shown is not None and any(step.key == shown for step in steps):
        props["shown"] = shown
    done = sum(step.state is StepState.COMPLETED for step in steps)
    text = f"{done} of {len(steps)} steps completed"
    if running:
        text += f", now {' and '.join(map(_name, running[:3]))}"
    return Node(type="StepList", id="steps.list", props=props, text=text)


def _row(step: Step, run: Run, usual: Usual, zone: str) -> Mapping[str, object]:
    last = attempt_at(run, step.key)
    waiting = last is not None and waits(last)
    state = "retrying" if waiting else step.state.value
    row: dict[str, object] = {"key": step.key, "name": _name(step), "state": state}
    if step.attempt > 1:
        row["attempt"] = step.attempt
        if step.max_attempts >= step.attempt:
            row["maxAttempts"] = step.max_attempts
    if not waiting:
        row |= dict(_times(step, usual))
    shown = attempt_at(run, step.key, begun=True)
    if shown is not None:
        row["href"] = log_path(run, shown)
    note = "; ".join(_notes(step, run, last, zone))
    return row | ({"note": clip(note, 500)} if note else {})


def _times(step: Step, usual: Usual) -> Iterator[tuple[str, object]]:
    if step.started_at is not None:
        yield "startedAt", to_ms(step.started_at)
        if step.ended_at is not None:
            yield "durationMs", max(0, to_ms(step.ended_at) - to_ms(step.started_at))
    if step.state is StepState.RUNNING:
        if step.progress.fraction is not None:
            yield "value", step.progress.fraction
        if step.key in usual:
            yield "expectMs", length_ms(usual[step.key])


def _notes(step: Step, run: Run, last: Attempt | None, zone: str) -> Iterator[str]:
    if last is not None and waits(last) and last.not_before is not None:
        yield f"{_failure(run, last)}, tried again at {last.not_before.astimezone(ZoneInfo(zone)):%H:%M:%S}"
    elif step.state is StepState.RUNNING and step.progress.text:
        yield step.progress.text
    elif step.state is StepState.FAILED and last is not None and last.message:
        yield last.message
    elif step.state is StepState.SKIPPED:
        yield _skipped(step, run)
        return
    if step.needs:
        yield _comes_after(step, run)


def _comes_after(step: Step, run: Run) -> str:
    needed = [other for other in run.steps if other.key in (step.needs or ())]
    # Behind one that was skipped at once others may still go on.
    going = [other for other in needed if not other.state.is_final] or [
        other for other in before(run.steps, step.key) if not other.state.is_final
    ]
    if step.state is StepState.PENDING and going and not run.state.is_final:
        return f"waits for {_names(going)}"
    return f"after {_names(needed)}"


def _failure(run: Run, waiting: Attempt) -> str:
    failed = attempt_at(run, waiting.step, begun=True)
    return failed.message if failed is not None and failed.message else "it failed"


def _skipped(step: Step, run: Run) -> str:
    """Why it did not run."""
    if step.reason is Reason.CONDITION:
        return "its condition was not met"
    if step.reason is Reason.EXIT_CODE:
        last = attempt_at(run, step.key)
        return last.message if last is not None else "there was nothing to do"
    if step.reason is Reason.CANCELLED:
        return "the run was cancelled before"
    above = before(run.steps, step.key)
    failed = [other for other in above if other.state is StepState.FAILED]
    if failed:
        return f"{_names(failed)} failed"
    idle = [other for other in above if other.reason is Reason.EXIT_CODE]
    return f"{_names(idle)} had nothing to do" if idle and is_graph(run.steps) else "the run ended before"


def _names(steps: list[Step]) -> str:
    names = list(map(_name, steps))
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]


def _name(step: Step) -> str:
    return step.title or step.key
