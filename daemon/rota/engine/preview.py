"""With what a run of a job would start: the order, made and not sent, and where each variable comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rota.core import condition
from rota.core import happenings as h
from rota.core.errors import JobError, NotFound
from rota.core.lifecycle import new_run
from rota.core.model import CONDITION, JobSpec
from rota.core.run import Attempt, Run, TriggeredBy
from rota.core.run_as import in_words, obstacle
from rota.core.seams import RunnerFacts
from rota.engine.order import build_order, step_of
from rota.process.account import facts_for
from rota.process.environment import Place, layers

_VARYING = frozenset({"ROTA_RUN", "ROTA_TRIGGER", "ROTA_SCHEDULED_FOR", "ROTA_SCHEDULED_EPOCH"})
_FOUND = "(item)"
_UNKNOWN = frozenset({"ROTA_ATTEMPT_ID"})  # a new one for each attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where and as whom the run would start, and when."""

    place: Place
    facts: RunnerFacts
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """`source` in words: user, rota, env, env_file and its path, …; `varies`: another value for each run.

    The value of a secret is what stands for it.
    """

    name: str
    value: str
    source: str
    varies: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`variables` are in order of their names; `timeout` None: no limit; `output` in bytes.

    `run_as` says in words as whom it would run, and how considerate it would be.
    """

    job: str
    step: str
    user: str
    run_as: str
    cwd: str
    argv: tuple[str, ...]
    variables: tuple[Variable, ...]
    timeout: timedelta | None
    grace: timedelta
    output: int


def preview(spec: JobSpec, params: Mapping[str, object], step: str, here: Here) -> Preview:
    """For the first attempt of a run by hand at that step ("": the first one); `params` are checked already.

    Raises NotFound when there is no such step, JobError when the job can't be prepared.
    """
    key = step or spec.steps[0].id
    if step_of(spec, key) is None or (key not in {each.id for each in spec.steps} and key != CONDITION):
        names = ", ".join(each.id for each in spec.steps)
        raise NotFound(f"{spec.id} has no step {key!r}; it has: {names}.")
    run = _run(spec, params, key, here)
    limits = spec.limits_of(key)
    bounds = [bound for bound in (spec.limits.timeout, limits.timeout) if bound is not None]
    timeout = condition.TIMEOUT if key == CONDITION else min(bounds, default=None)
    why = obstacle(spec, here.facts)
    if why:
        raise JobError(f"It would not start: {why}.")
    order = build_order(spec, run, here.place, here.facts, timeout)
    here = replace(here, facts=facts_for(spec.run_as, here.facts))
    return Preview(
        job=spec.id,
        step=key,
        user=here.facts.user,
        run_as=in_words(spec.run_as, here.facts),
        cwd=order.cwd,
        argv=order.argv,
        variables=_variables(spec, run, order.env, here),
        timeout=timeout,
        grace=limits.grace,
        output=limits.output,
    )


def _run(spec: JobSpec, params: Mapping[str, object], step: str, here: Here) -> Run:
    """One that never is: nobody stores or leads it."""
    opening = h.Opening(
        at=here.now, triggered_by=TriggeredBy.MANUAL, host=here.place.host, params=dict(params)
    )
    attempt = Attempt(id="", step=step, created_at=here.now)
    run = replace(new_run(spec, opening), attempt=1, attempts=(attempt,))
    if spec.batch is None or step != spec.steps[0].id:
        return run
    # Of a batch its first child; what is only found when it runs is named.
    return replace(run, parent=0, items=spec.batch.items[: spec.batch.chunk] or (_FOUND,))


def _variables(spec: JobSpec, run: Run, env: Mapping[str, str], here: Here) -> tuple[Variable, ...]:
    attempt = run.attempts[-1]
    step = step_of(spec, attempt.step)
    assert step is not None
    named = layers(spec, step, run, here.place, here.facts)
    sources = {name: source for source, layer in named for name in layer}
    shown = {**env, **{name: secret.text for name, secret in spec.secrets.items()}}
    return tuple(
        Variable(
            name=name,
            value=shown[name],
            source=_source(spec, name, sources.get(name, "rota")),
            varies=name in _VARYING or name.split("_")[0] in ("ITEM", "ITEMS"),
        )
        for name in sorted(shown.keys() - _UNKNOWN)
    )


def _source(spec: JobSpec, name: str, source: str) -> str:
    spot = spec.source.spots.get(f"env/{name}") if source == "env" else None
    return source if spot is None else f"env of {spot[0]}"
