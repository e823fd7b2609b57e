"""`rota plan --json`: the whole comparison, camelCase, instants and lengths in ms."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rota.cli.plan_words import specs_of
from rota.core.board import Due
from rota.core.comparison import Changed, Comparison
from rota.core.definition_diff import KeyChange
from rota.core.instant import optional_ms, to_ms
from rota.core.instant_changes import InstantChanges
from rota.core.model import JobSpec
from rota.core.pressure import Peak, Pressure
from rota.core.problems import Problem
from rota.core.words import schedule_in_words
from rota.web.shapes import due_shape, problem_shape

Shape = dict[str, Any]


def shape_of(comparison: Comparison, problems: Sequence[Problem]) -> Shape:
    """Everything that the other forms tell, and all of it."""
    return {
        "changes": not comparison.is_empty,
        "from": to_ms(comparison.begin),
        "until": to_ms(comparison.until),
        "problems": [problem_shape(problem) for problem in problems],
        "added": [_job(spec) for spec in comparison.added],
        "removed": [_job(spec) for spec in comparison.removed],
        "renamed": [{"from": each.before.id, **_changed(each)} for each in comparison.renamed],
        "changed": [_changed(each) for each in comparison.changed],
        "defaults": [{"file": each.file, "jobs": list(each.jobs)} for each in comparison.defaults],
        "instants": [_instants(each, comparison) for each in comparison.instants],
        "neverDue": [{"job": each.job, "passedAt": optional_ms(each.passed)} for each in comparison.idle],
        "clockChanges": [_due(due, comparison.after.jobs[due.job]) for due in comparison.notes],
        "running": {
            "before": _pressure(comparison.pressure_before, comparison.before.pools),
            "after": _pressure(comparison.pressure_after, comparison.after.pools),
            "max": comparison.after.max_running,
        },
    }


def _job(spec: JobSpec) -> Shape:
    return {
        "job": spec.id,
        "title": spec.title,
        "schedule": schedule_in_words(spec.triggers, spec.id, zoned=True),
        "file": spec.source.file,
        "line": spec.source.line,
    }


def _changed(changed: Changed) -> Shape:
    return {"job": changed.after.id, "keys": [_key(change) for change in changed.keys]}


def _key(change: KeyChange) -> Shape:
    shape: Shape = {"key": change.key}
    if change.before is not None:
        shape["before"] = json.loads(change.before)
    if change.after is not None:
        shape["after"] = json.loads(change.after)
    return shape


def _instants(changes: InstantChanges, comparison: Comparison) -> Shape:
    old, new = specs_of(comparison, changes.job)
    return {
        "job": changes.job,
        "before": changes.before,
        "after": changes.after,
        "listed": changes.is_listed,
        "vanish": _dues(changes.vanish, old),
        "move": [
            {"before": _due(move.before, old), "after": _due(move.after, new)}
            for move in changes.move
            if old is not None and new is not None
        ],
        "appear": _dues(changes.appear, new),
    }


def _dues(dues: Iterable[Due], spec: JobSpec | None) -> list[Shape]:
    return [] if spec is None else [_due(due, spec) for due in dues]


def _due(due: Due, spec: JobSpec | None) -> Shape:
    assert spec is not None
    return {**due_shape(due, spec.triggers), "job": spec.id, "startsAt": to_ms(due.starts_at)}


def _pressure(pressure: Pressure, sizes: Mapping[str, int]) -> Shape:
    return {
        **_peak(pressure.running),
        "pools": {name: {**_peak(peak), "size": sizes.get(name)} for name, peak in pressure.pools.items()},
        "lengths": {known.value: count for known, count in sorted(pressure.lengths.items())},
    }


def _peak(peak: Peak) -> Shape:
    return {"most": peak.most, "at": optional_ms(peak.at), "jobs": list(peak.jobs)}
