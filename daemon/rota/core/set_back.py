"""Answers after the wall clock was set back: of a stretch of due instants some may have had theirs before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from rota.core.board import Due, JobEntry
from rota.core.decisions import Decision, Skip, stretch_skipped
from rota.core.schedule import due_between

_TICK = timedelta(microseconds=1)


def one_by_one(decisions: Iterable[Decision], entry: JobEntry, until: datetime) -> Iterator[Decision]:
    """The same decisions, with one skip for each instant up to `until`, which a clock has shown before.

    So the ledger can leave alone those that it has an answer for, and take the others.
    """
    for decision in decisions:
        if isinstance(decision, Skip) and decision.count > 1 and decision.due.at <= until:
            yield from _apart(decision, entry, until)
        else:
            yield decision


def _apart(skip: Skip, entry: JobEntry, until: datetime) -> Iterator[Skip]:
    known: list[Due] = []
    for due in _instants(skip, entry):
        if due.at > until:
            yield from (_alone(skip, each) for each in known)
            yield replace(skip, due=due, count=skip.count - len(known))
            return
        known.append(due)
    # A stretch that the calendar alone does not make stays one.
    yield from (_alone(skip, each) for each in known) if len(known) == skip.count else (skip,)


def _alone(skip: Skip, due: Due) -> Skip:
    return stretch_skipped(due, due, 1, skip.reason, skip.message)


def _instants(skip: Skip, entry: JobEntry) -> Iterator[Due]:
    """What the stretch stands for, as far as the calendar of the job says it."""
    last = skip.last_due_at or skip.due.at
    begin = min(skip.due.starts_at, skip.due.at) - _TICK
    for due in due_between(skip.job, entry.spec.triggers, begin, last + _longest_delay(entry)):
        if skip.due.at <= due.at <= last and due.excepted == skip.due.excepted:
            yield due


def _longest_delay(entry: JobEntry) -> timedelta:
    return max((trigger.spread for trigger in entry.spec.triggers), default=timedelta(0))
