"""From a planned attempt to the order that the runner carries out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from rota.core.attempt_life import in_a_row
from rota.core.errors import JobError
from rota.core.model import CONDITION, MAIN, Enforce, JobSpec, Secret, StepSpec
from rota.core.run import Run
from rota.core.seams import AttemptRef, RunnerFacts, StartOrder
from rota.core.values import template_values
from rota.core.when import holds
from rota.handlers.work import prepare
from rota.process.environment import Place, environment, working_directory


def step_of(spec: JobSpec, key: str) -> StepSpec | None:
    """What attempts at MAIN, a step or CONDITION do; None when the job no longer has it."""
    if key == CONDITION and spec.condition is not None:
        return StepSpec(id=CONDITION, work=spec.condition.work)
    return spec.steps[0] if key == MAIN else spec.step(key)


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
    )


def must_run(spec: JobSpec, run: Run, place: Place) -> bool:
    """What the `if` of the newest attempt's step says; asked once, not of a step that is tried again.

    Raises JobError when it can't be told.
    """
    step = spec.step(run.attempts[-1].step)
    if step is None or len(in_a_row(run)) > 1:
        return True
    values = template_values(run, host=place.host, url=place.url, matrix=spec.matrix)
    return holds(step.when, run, values)


def _place(spec: JobSpec, secret: Secret) -> dict[str, str]:
    if secret.kind == "file":
        return {"file": str(Path(spec.source.directory, secret.name))}
    return {secret.kind: secret.name}
