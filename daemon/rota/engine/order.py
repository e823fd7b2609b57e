"""From a planned attempt to the order that the runner carries out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from rota.core.attempt_life import attempts_without, in_a_row
from rota.core.changed import changed
from rota.core.errors import JobError
from rota.core.graph import before, runs_as_graph
from rota.core.model import CONDITION, ITEMS, MAIN, Enforce, ItemSearch, JobSpec, Secret, StepSpec
from rota.core.run import Attempt, Run
from rota.core.run_as import forbidden
from rota.core.seams import AttemptRef, RunnerFacts, StartOrder
from rota.core.values import template_values
from rota.core.when import holds
from rota.handlers.work import prepare
from rota.process.account import facts_for
from rota.process.environment import Place, environment, working_directory


def step_of(spec: JobSpec, key: str) -> StepSpec | None:
    """What attempts at MAIN, a step, CONDITION or ITEMS do; None when the job no longer has it."""
    if key == CONDITION and spec.condition is not None:
        return StepSpec(id=CONDITION, work=spec.condition.work)
    if key == ITEMS and spec.batch is not None and spec.batch.source is not None:
        return StepSpec(id=ITEMS, work=ItemSearch(source=spec.batch.source, most=spec.batch.max_items))
    return spec.steps[0] if key == MAIN else spec.step(key)


def seen_from(run: Run, attempt: Attempt) -> Run:
    """The run as that attempt may know it: its newest attempt, and of a graph the steps before it."""
    if run.attempts[-1].id == attempt.id and not runs_as_graph(run):
        return run
    steps = run.steps
    if runs_as_graph(run):
        above = {step.key for step in before(run.steps, attempt.step)} | {attempt.step}
        steps = tuple(step for step in run.steps if step.key in above)
    return changed(run, steps=steps, attempts=(*attempts_without(run, attempt), attempt))


def build_order(
    spec: JobSpec, run: Run, place: Place, facts: RunnerFacts, timeout: timedelta | None
) -> StartOrder:
    """For the newest attempt of the run. Raises JobError when the job can't be prepared, and says why."""
    attempt = run.attempts[-1]
    step = step_of(spec, attempt.step)
    if step is None:
        raise JobError(f"The step {attempt.step} is no longer part of the job.")
    prepared = prepare(step.work, template_values(run, host=place.host, url=place.url, matrix=spec.matrix))
    limits = spec.limits_of(attempt.step)
    why = forbidden(spec, facts)
    if why:
        raise JobError(f"It must not start here: {why}.")
    facts = facts_for(spec.run_as, facts)
    env = {**environment(spec, step, run, place, facts), **prepared.env}
    return StartOrder(
        ref=AttemptRef(id=attempt.id, job=run.log_name, number=run.number, step=attempt.step, n=attempt.n),
        argv=prepared.argv,
        env={name: value for name, value in env.items() if name not in spec.secrets},
        cwd=working_directory(spec, step, facts),
        timeout_ms=None if timeout is None else max(1, timeout // timedelta(milliseconds=1)),
        grace_ms=limits.grace // timedelta(milliseconds=1),
        output=limits.output,
        watchdog_ms=None if limits.watchdog is None else limits.watchdog // timedelta(milliseconds=1),
        memory=limits.memory,
        cpu=limits.cpu,
        pids=limits.pids,
        nofile=limits.nofile,
        require_limits=limits.enforce is Enforce.REQUIRE,
        secrets={name: _place(spec, secret) for name, secret in spec.secrets.items()},
        run_as=spec.run_as,
    )


def must_run(spec: JobSpec, run: Run, place: Place) -> bool:
    """What the `if` of the newest attempt's step says; asked once, not of a step that is tried again.

    Raises JobError when it can't be told.
    """
    attempt = run.attempts[-1]
    step = spec.step(attempt.step)
    if step is None or len(in_a_row(run, attempt)) > 1:
        return True
    values = template_values(run, host=place.host, url=place.url, matrix=spec.matrix)
    return holds(step.when, run, values)


def _place(spec: JobSpec, secret: Secret) -> dict[str, str]:
    if secret.kind == "file":
        return {"file": str(Path(spec.source.directory, secret.name))}
    return {secret.kind: secret.name}
