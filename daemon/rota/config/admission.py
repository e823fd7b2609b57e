"""Whether a newly read set may take the place of the old one."""

from __future__ import annotations

from dataclasses import replace

from rota.core.model import JobSet
from rota.core.problems import Problem

_FEW = 5  # so many jobs may always vanish
_SHOWN = 5


def vanishing(previous: JobSet, new: JobSet) -> tuple[str, ...]:
    """The ids that are in `previous` and no longer in `new`, without those of jobs that got another id."""
    renamed = {spec.renamed_from for spec in new.jobs.values()}
    return tuple(job for job in previous.jobs if job not in new.jobs and job not in renamed)


def admit(previous: JobSet | None, new: JobSet, *, confirm: bool = False) -> JobSet:
    """The set to swap in: `new`, unless too many jobs would vanish by it.

    When more than 5 jobs and a fifth of all would vanish, the jobs of `previous` stay (those that differ in
    `new` or are gone from it are `stale`), with one problem more that says so. `confirm` lets them go.
    """
    if previous is None or confirm:
        return new
    gone = vanishing(previous, new)
    if len(gone) <= _FEW or len(gone) * 5 < len(previous.jobs):
        return new
    return replace(
        new,
        jobs=previous.jobs,
        problems=(*new.problems, _refusal(previous, gone)),
        stale=frozenset(job for job, spec in previous.jobs.items() if new.jobs.get(job) != spec),
    )


def _refusal(previous: JobSet, gone: tuple[str, ...]) -> Problem:
    source = previous.jobs[gone[0]].source
    listed = ", ".join(gone[:_SHOWN]) + (", …" if len(gone) > _SHOWN else "")
    return Problem(
        file=source.path,
        line=source.line,
        column=1,
        message=f"{len(gone)} of {len(previous.jobs)} jobs would vanish ({listed}): all stay as they were",
        hint="if that is meant: rota reload --confirm",
    )
