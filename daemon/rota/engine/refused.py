"""Renames that could not be: people who wrote one have to know that the history stayed behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rota.core.errors import Unavailable
from rota.core.model import JobSet, JobSpec
from rota.core.problems import Problem
from rota.core.seams import JobRecord
from rota.engine.parts import Parts
from rota.engine.renames import renames

_RULE = "renamed-from"


async def with_refused(parts: Parts, records: dict[str, JobRecord], jobset: JobSet) -> JobSet:
    """The set with a warning for each `renamed_from` that did not happen. After `take_over`."""
    warnings = [
        _warning(jobset.jobs[new], old)
        for old, new in renames(jobset, records)
        if await _is_refused(parts, old, new)
    ]
    others = [problem for problem in jobset.problems if problem.rule != _RULE]  # of a set that was kept
    if not warnings and len(others) == len(jobset.problems):
        return jobset
    return replace(jobset, problems=_ordered((*others, *warnings)))


async def _is_refused(parts: Parts, old: str, new: str) -> bool:
    try:
        return await parts.store.renamed(old) != new
    except Unavailable:
        return False  # it is tried again at the next load


def _warning(spec: JobSpec, old: str) -> Problem:
    return Problem(
        file=spec.source.path,
        line=spec.source.line,
        column=1,
        message=f"the runs of {old} stay there: {spec.id} has runs of its own with the same numbers",
        hint="remove `renamed_from`, or give the job an id that has not run yet",
        severity="warning",
        rule=_RULE,
    )


def _ordered(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column)))
