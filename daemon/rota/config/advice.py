"""Warnings about jobs that are right but may surprise: what will probably not do what its writer thinks.

They depend on the day they are given on, so they are made from checked jobs and never stored with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import islice

from rota.config.caution import YEAR, Caution, cautions, shortest_distance
from rota.config.crowd import crowd
from rota.config.limit_advice import limit_cautions
from rota.core.excepts import excepted
from rota.core.model import JobSpec, MissedPolicy, Overlap
from rota.core.problems import Problem
from rota.core.run_as import problem_of
from rota.core.schedule import next_due, next_owed
from rota.core.triggers import AtTrigger, CronTrigger, EveryTrigger, Trigger
from rota.core.words import length_in_words

Usual = Mapping[str, timedelta]  # job -> how long its completed runs usually take
Said = dict[str, tuple[JobSpec, date, timedelta | None, tuple[Problem, ...]]]  # of what, when, and what

_MOST_CAUGHT_UP = 100
_EARLY = {
    Overlap.SKIP: "is skipped",
    Overlap.QUEUE: "waits",
    Overlap.REPLACE: "ends the run before it",
}


def advise(
    jobs: Mapping[str, JobSpec],
    now: datetime,
    usual: Usual | None = None,
    said: Said | None = None,
    *,
    is_root: bool = False,
) -> tuple[Problem, ...]:
    """All warnings about these jobs at that instant, in order of files and lines.

    `usual` comes from history where there is some. Never raises for checked jobs. To be asked again when the
    day changes: warnings name the next date on which something happens. `said` is the caller's, who asks
    again and again: what is in it of the same day holds for jobs that are the same objects still. `is_root`:
    the runner is, so job files that others may write are problems.
    """
    found: dict[Problem, None] = {}
    memory: Said = {} if said is None else said
    for spec in jobs.values():
        if is_root and spec.source.writable:
            found[problem_of(spec.source)] = None
        if spec.enabled:
            found.update(dict.fromkeys(_said_of(spec, now, (usual or {}).get(spec.id), memory)))
    for job in memory.keys() - jobs.keys():
        del memory[job]
    crowded = crowd(jobs.values(), now)
    if crowded is not None:
        found[_at(crowded.spec, f"schedule/{crowded.trigger}", crowded.caution)] = None
    return tuple(sorted(found, key=lambda problem: (problem.file, problem.line, problem.column)))


def _said_of(spec: JobSpec, now: datetime, usual: timedelta | None, memory: Said) -> tuple[Problem, ...]:
    known, day = memory.get(spec.id), now.date()
    if known is not None and known[0] is spec and known[1:3] == (day, usual) and not _is_of_the_hour(spec):
        return known[3]
    problems = tuple(_of_job(spec, now, usual))
    memory[spec.id] = (spec, day, usual, problems)
    return problems


def _is_of_the_hour(spec: JobSpec) -> bool:
    """Whether there may be something else to say later on the same day."""
    return any(isinstance(trigger, AtTrigger) or trigger.excepts for trigger in spec.triggers)


def _of_job(spec: JobSpec, now: datetime, usual: timedelta | None) -> Iterator[Problem]:
    for index, trigger in enumerate(spec.triggers):
        for caution in _of_trigger(spec.id, trigger, now):
            yield _at(spec, f"schedule/{index}", caution)
        if trigger.excepts and _is_swallowed(spec.id, trigger, now):
            yield _at(spec, f"except/{index}", _SWALLOWED)
    for caution in limit_cautions(spec):
        yield _at(spec, "limits", caution)
    distance = _distance(spec)
    if distance is not None:
        yield from _long_run(spec, distance, usual)
        yield from _catch_up(spec, distance)


def _of_trigger(job: str, trigger: Trigger, now: datetime) -> Iterable[Caution]:
    if isinstance(trigger, CronTrigger):
        found = cautions(trigger.expression, trigger.timezone, trigger.seed or job, now)
        changes = (each for each in found if each.at is not None and not excepted(each.at, trigger))
        return (*(each for each in found if each.at is None), *islice(changes, 1))
    if isinstance(trigger, AtTrigger) and trigger.at <= now:
        return (_PASSED,)
    return ()


def _is_swallowed(job: str, trigger: Trigger, now: datetime) -> bool:
    end = now + YEAR
    if any(each.at <= end for each in next_owed(job, [trigger], now, 1)):
        return False
    return any(each.at <= end for each in next_due(job, [trigger], now, 1))


def _distance(spec: JobSpec) -> timedelta | None:
    """The shortest time between two due instants of one trigger."""
    distances = [
        shortest_distance(trigger.expression, trigger.seed or spec.id)
        if isinstance(trigger, CronTrigger)
        else trigger.interval
        for trigger in spec.triggers
        if isinstance(trigger, CronTrigger) or (isinstance(trigger, EveryTrigger) and not trigger.from_end)
    ]
    return min(distances, default=None)


def _long_run(spec: JobSpec, distance: timedelta, usual: timedelta | None) -> Iterator[Problem]:
    expected = spec.expect.longest
    longest = expected or usual
    if longest is None or longest <= distance * spec.concurrency.max:
        return
    taken = "may take" if expected else "usually takes"
    message = (
        f"a run {taken} {length_in_words(longest)}, and the next is due after {length_in_words(distance)}"
    )
    hint = f"an instant that comes too early {_EARLY[spec.concurrency.overlap]}: leave more time between them"
    yield _at(
        spec, "expect" if expected else "schedule/0", Caution(rule="long-run", message=message, hint=hint)
    )


def _catch_up(spec: JobSpec, distance: timedelta) -> Iterator[Problem]:
    count = spec.missed.within // distance
    if spec.missed.run is not MissedPolicy.ALL or count <= _MOST_CAUGHT_UP:
        return
    message = (
        f"it is due up to {count} times in {length_in_words(spec.missed.within)}: after a stop the newest "
        f"{_MOST_CAUGHT_UP} missed instants are all run, one after another"
    )
    caution = Caution(rule="catch-up", message=message, hint="`missed: latest` runs once for all of them")
    yield _at(spec, "missed", caution)


def _at(spec: JobSpec, spot: str, caution: Caution) -> Problem:
    spots = spec.source.spots
    file, line, column = spots.get(spot) or spots.get("schedule/0") or (spec.source.path, spec.source.line, 1)
    return Problem(
        file=file,
        line=line,
        column=column,
        message=caution.message,
        hint=caution.hint,
        severity="warning",
        rule=caution.rule,
    )


_PASSED = Caution(
    rule="never-soon",
    message="this instant has passed: it will not come again",
    hint="remove the trigger, or write a later instant",
)
_SWALLOWED = Caution(
    rule="all-excepted",
    message="every due instant of the next year lies in an exception: it never runs",
    hint="take something out of `except`",
)
