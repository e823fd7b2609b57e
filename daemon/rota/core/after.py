"""What the ends of other jobs' runs make of a job that comes `after` them.

Pure: a fold over ends in the order in which they become known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rota.core.board import Due
from rota.core.excepts import excepted
from rota.core.instant import from_ms, to_ms
from rota.core.run import Run, RunState
from rota.core.spread import delay
from rota.core.triggers import AfterTrigger, Ending
from rota.core.words import instant_in_words

_MILLISECOND = timedelta(milliseconds=1)
TOLD_APART = 64  # ends that one stretch of skips names
_KEPT = 64  # ends that are remembered, so that none counts twice and no two make the same instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a job knows of its upstreams: the round under way of each `after: {all: …}`, and what came last.

    `rounds` has by index of the trigger the newest end of each upstream since its last round; to a trigger
    in `marks` ends up to that instant are nothing new.
    """

    rounds: Mapping[int, Mapping[str, Run]] = field(default_factory=dict)
    marks: Mapping[int, datetime] = field(default_factory=dict)
    seen: tuple[tuple[str, datetime], ...] = ()
    taken: tuple[datetime, ...] = ()


NOTHING = Gathered()


def upstreams(triggers: Sequence[object]) -> frozenset[str]:
    """The jobs whose ends matter to a job of these triggers."""
    return frozenset(job for each in triggers if isinstance(each, AfterTrigger) for job in each.jobs)


def fold(job: str, triggers: Sequence[object], known: Gathered, end: Run) -> tuple[Gathered, tuple[Due, ...]]:
    """Take in the end of an upstream's run; answers the due instants that it makes, one a trigger at most.

    `end` is a final run, or a row of skips as it is now. One that was taken in before makes nothing. An
    instant is named by the end of the run that completed it, a millisecond later where that one is taken.
    """
    if end.ended_at is None or (end.id, end.ended_at) in known.seen:
        return known, ()
    rounds, taken, made = dict(known.rounds), known.taken, list[Due]()
    for index, trigger in enumerate(triggers):
        if not isinstance(trigger, AfterTrigger) or end.job not in trigger.jobs:
            continue
        if index in known.marks and end.ended_at <= known.marks[index]:
            continue
        ends = {**rounds.get(index, {}), end.job: end}
        if trigger.all and len(ends) < len(set(trigger.jobs)):
            rounds[index] = ends
            continue
        rounds.pop(index, None)
        due = _due(job, index, trigger, list(ends.values()) if trigger.all else [end], taken)
        taken = (*taken, due.at)[-_KEPT:]
        made.append(due)
    seen = (*known.seen, (end.id, end.ended_at))[-_KEPT:]
    return replace(known, rounds=rounds, seen=seen, taken=taken), tuple(made)


def answered_ends(older: Run, newer: Run) -> tuple[str, ...] | None:
    """Whose ends a stretch of these two skips answers, as far as all of them are known."""
    known = [skip.upstream if skip.count == 1 else skip.answered_ends for skip in (older, newer)]
    return None if None in known else tuple(id_ for ids in known for id_ in ids or ())[-TOLD_APART:]


def is_no_part(upstream: Sequence[str], answered_ends: Sequence[str] | None) -> bool:
    """Whether what the ends of those runs made is surely no part of a stretch of skips, which names its own.

    A stretch that was not told all of them may well answer it.
    """
    if not upstream or answered_ends is None or len(answered_ends) >= TOLD_APART:
        return False
    return not set(upstream) <= set(answered_ends)


def matches(end: Run, on: Ending) -> bool:
    """Whether a run that ended so lets a job start that comes after it."""
    match on:
        case Ending.COMPLETED:
            return end.state is RunState.COMPLETED
        case Ending.FAILED:
            return end.state is RunState.FAILED
        case Ending.ALWAYS:
            return end.state.is_final and end.state is not RunState.SKIPPED


def _due(job: str, index: int, trigger: AfterTrigger, ends: Sequence[Run], taken: Sequence[datetime]) -> Due:
    at = max(from_ms(to_ms(end.ended_at)) for end in ends if end.ended_at is not None)
    while at in taken:
        at += _MILLISECOND
    return Due(
        job=job,
        at=at,
        trigger=index,
        delay=delay(trigger.seed or job, at, trigger.spread),
        excepted=excepted(at, trigger),
        upstream=tuple(end.id for end in ends),
        withheld="; ".join(_otherwise(end, trigger) for end in ends if not matches(end, trigger.on)),
    )


def _otherwise(end: Run, trigger: AfterTrigger) -> str:
    """Such as "export.12 failed" or "export was skipped at 2026-06-01 02:00 UTC: paused"."""
    if end.state is not RunState.SKIPPED:
        return f"{end.id} {end.state.value}"
    at = end.last_due_at or end.due_at or end.ended_at or end.created_at
    words = f"{end.job} was skipped at {instant_in_words(at, ZoneInfo(trigger.timezone))}"
    return f"{words}: {end.message}" if end.message else words
