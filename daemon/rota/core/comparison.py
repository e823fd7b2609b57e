"""Two sets of jobs compared: what is added, removed, renamed or changed, and what the next hours bring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from rota.core.board import Due
from rota.core.definition_diff import KeyChange, key_changes
from rota.core.due_table import DueTable
from rota.core.instant_changes import InstantChanges, instant_changes
from rota.core.model import JobSpec
from rota.core.pressure import Pressure, Side, pressure
from rota.core.schedule import next_due
from rota.core.triggers import AfterTrigger, AtTrigger, BootTrigger, EveryTrigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A job of both sets; `before` is its spec in the old set, under another id when it was renamed."""

    before: JobSpec
    after: JobSpec
    keys: tuple[KeyChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDefaults:
    """A `_defaults` file that differs, and the ids of the changed jobs below its folder."""

    file: str
    jobs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """A new or changed job that is never due again; `passed` is its last `at`, if that is why."""

    job: str
    passed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    begin: datetime
    until: datetime
    before: Side
    after: Side
    added: tuple[JobSpec, ...]
    removed: tuple[JobSpec, ...]
    renamed: tuple[Changed, ...]
    changed: tuple[Changed, ...]
    defaults: tuple[ChangedDefaults, ...]
    instants: tuple[InstantChanges, ...]
    idle: tuple[Idle, ...]
    notes: tuple[Due, ...]  # instants of the new set that a clock change touches
    pressure_before: Pressure
    pressure_after: Pressure

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.added or self.removed or self.renamed or self.changed or self.instants)


def compare(before: Side, after: Side, *, begin: datetime, until: datetime) -> Comparison:
    """Instants are those in (begin, until]. Raises CronError."""
    table = DueTable(begin, until)
    pairs = list(_pairs(before, after))
    added = tuple(new for old, new in pairs if old is None and new is not None)
    both = [(old, new) for old, new in pairs if old is not None and new is not None]
    renamed = tuple(_changed(old, new) for old, new in both if old.id != new.id)
    changed = tuple(found for old, new in both if old.id == new.id and (found := _changed(old, new)).keys)
    fresh = [*added, *(each.after for each in (*renamed, *changed))]
    return Comparison(
        begin=begin,
        until=until,
        before=before,
        after=after,
        added=added,
        removed=tuple(old for old, new in pairs if old is not None and new is None),
        renamed=renamed,
        changed=changed,
        defaults=_defaults(before, after, changed),
        instants=tuple(_instants(pairs, table)),
        idle=tuple(_idle(sorted(fresh, key=lambda spec: spec.id), begin)),
        notes=tuple(_notes(after, table)),
        pressure_before=pressure(before, table),
        pressure_after=pressure(after, table),
    )


_Pair = tuple[JobSpec | None, JobSpec | None]


def _pairs(before: Side, after: Side) -> Iterator[_Pair]:
    """Every job once, in order of the newest ids; a renamed one beside what it was."""
    origins = {
        new.id: new.renamed_from
        for new in after.jobs.values()
        if new.renamed_from in before.jobs
        and new.renamed_from not in after.jobs
        and new.id not in before.jobs
    }
    moved = set(origins.values())
    for job in sorted({*after.jobs, *before.jobs}):
        if job not in moved:
            yield before.jobs.get(origins.get(job) or job), after.jobs.get(job)


def _changed(old: JobSpec, new: JobSpec) -> Changed:
    keys = key_changes(old.definition.text, new.definition.text)
    if old.id != new.id:
        keys = tuple(change for change in keys if change.key != "renamed_from")
    return Changed(before=old, after=new, keys=keys)


def _defaults(before: Side, after: Side, changed: tuple[Changed, ...]) -> tuple[ChangedDefaults, ...]:
    files = sorted({*before.defaults, *after.defaults})
    differ = [file for file in files if before.defaults.get(file) != after.defaults.get(file)]
    found = []
    for file in differ:
        folder = file.rpartition("/")[0]
        below = f"{folder}/" if folder else ""
        jobs = tuple(each.after.id for each in changed if each.after.source.file.startswith(below))
        found.append(ChangedDefaults(file=file, jobs=jobs))
    return tuple(found)


def _instants(pairs: list[_Pair], table: DueTable) -> Iterator[InstantChanges]:
    for old, new in pairs:
        spec = new or old
        assert spec is not None
        found = instant_changes(spec.id, old, new, table)
        if found is not None:
            yield found


def _idle(fresh: list[JobSpec], begin: datetime) -> Iterator[Idle]:
    for spec in fresh:
        if not spec.enabled or not spec.triggers or any(_waits(each) for each in spec.triggers):
            continue
        if not next_due(spec.id, spec.triggers, begin, 1):
            passed = [each.at for each in spec.triggers if isinstance(each, AtTrigger)]
            yield Idle(job=spec.id, passed=max(passed, default=None))


def _waits(trigger: object) -> bool:
    """Whether something else than the clock makes it due."""
    is_from_end = isinstance(trigger, EveryTrigger) and trigger.from_end
    return isinstance(trigger, AfterTrigger | BootTrigger) or is_from_end


def _notes(after: Side, table: DueTable) -> Iterator[Due]:
    for job, spec in after.jobs.items():
        for due in table.noted(spec):
            yield replace(due, job=job)
