"""A comparison in words: what the text and the Markdown form of `rota plan` share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rota.core.board import Due
from rota.core.comparison import Changed, Comparison, Idle
from rota.core.definition_diff import KeyChange
from rota.core.instant_changes import InstantChanges
from rota.core.lengths import Known
from rota.core.model import JobSpec
from rota.core.pressure import Peak
from rota.core.words import counted, instant_in_words, length_in_words

NAMED = 6  # jobs that a line names before it counts the rest
_LONGEST_VALUE = 120
_LENGTHS = {
    Known.HISTORY: "by their last runs",
    Known.EXPECT: "by expect.duration",
    Known.TIMEOUT: "by limits.timeout",
    Known.ASSUMED: "assumed 1 minute",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Jobs that change in the same way, and the `_defaults` file that does it, if one does."""

    jobs: tuple[str, ...]
    keys: tuple[KeyChange, ...]
    file: str = ""


def alike(comparison: Comparison) -> list[Alike]:
    """Changed jobs, in order of the first id; those with the same changes together."""
    groups: dict[tuple[KeyChange, ...], list[Changed]] = {}
    for changed in comparison.changed:
        groups.setdefault(changed.keys, []).append(changed)
    return [
        Alike(jobs=tuple(each.after.id for each in group), keys=keys, file=_cause(comparison, group))
        for keys, group in groups.items()
    ]


def summary(comparison: Comparison) -> str:
    """Such as `1 job added, 2 changed`, or that nothing changes."""
    counts = [
        (len(comparison.added), "added"),
        (len(comparison.removed), "removed"),
        (len(comparison.renamed), "renamed"),
        (len(comparison.changed), "changed"),
    ]
    parts = [f"{count} {word}" for count, word in counts if count]
    if parts:
        first, *rest = parts
        number = int(first.split()[0])
        return ", ".join([f"{counted(number, 'job')} {first.split()[1]}", *rest])
    return "Jobs stay as they are, but not when they are due" if comparison.instants else "Nothing changes"


def names(jobs: Sequence[str], most: int = NAMED) -> str:
    """`a, b, c and 9 more`."""
    rest = len(jobs) - most
    return ", ".join(jobs[:most]) + (f" and {rest} more" if rest > 0 else "")


def value_text(written: str | None) -> str:
    """A value of a definition on one line: text without quotes, cut when it is long."""
    if written is None:
        return "not set"
    value = json.loads(written)
    text = value if isinstance(value, str) and value.strip() else written
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def due_text(due: Due, spec: JobSpec) -> str:
    """When it starts, on the clock of its trigger, with what is special about it."""
    return instant_in_words(due.starts_at, zone_of(due, spec)) + (f" ({due.note})" if due.note else "")


def move_text(before: Due, after: Due, old: JobSpec, new: JobSpec) -> str:
    """Both instants; the day once when it is the same."""
    first, then = due_text(before, old), due_text(after, new)
    day = first[:11]
    return f"{first} → {then.removeprefix(day) if then.startswith(day) else then}"


def zone_of(due: Due, spec: JobSpec) -> ZoneInfo:
    """The zone of the trigger that names the instant."""
    return ZoneInfo(spec.triggers[due.trigger].timezone)


def specs_of(comparison: Comparison, job: str) -> tuple[JobSpec | None, JobSpec | None]:
    """The job before and after, also when it had another name."""
    former = next((each.before for each in comparison.renamed if each.after.id == job), None)
    return former or comparison.before.jobs.get(job), comparison.after.jobs.get(job)


def counts_text(changes: InstantChanges, span: timedelta) -> str:
    """For a job with many changes."""
    return f"{counted(changes.after, 'instant')} in {span_text(span)}, was {changes.before}"


def span_text(span: timedelta) -> str:
    """Hours as people say them: `24 h`, `7 days`."""
    hours = span / timedelta(hours=1)
    return f"{hours:g} h" if hours < 48 or hours % 24 else length_in_words(span)


def idle_text(idle: Idle) -> str:
    """Why a new or changed job is never due again."""
    if idle.passed is None:
        return "is never due"
    return f"is never due again: its `at` has passed ({instant_in_words(idle.passed)})"


def peak_text(peak: Peak, before: Peak, zone: ZoneInfo, size: int | None = None) -> str:
    """`7 at 2026-11-22 02:00 CET (was 5): a, b, c`."""
    of = f" of {size}" if size is not None else ""
    when = f" at {instant_in_words(peak.at, zone)}" if isinstance(peak.at, datetime) else ""
    was = "as before" if before.most == peak.most else f"was {before.most}"
    jobs = f": {names(peak.jobs)}" if peak.jobs else ""
    over = ", more than it has" if size is not None and peak.most > size else ""
    return f"{peak.most}{of}{when} ({was}{over}){jobs}"


def lengths_text(comparison: Comparison) -> str:
    """How surely the lengths of runs are known; "" when nothing runs."""
    known = comparison.pressure_after.lengths
    parts = [f"{known[each]} {_LENGTHS[each]}" for each in Known if known.get(each)]
    return f"Length of runs, by job: {', '.join(parts)}." if parts else ""


def _cause(comparison: Comparison, group: list[Changed]) -> str:
    """The innermost changed `_defaults` file above all of these jobs, when their own text may be the same."""
    jobs = {each.after.id for each in group}
    files = [each.file for each in comparison.defaults if jobs <= set(each.jobs)]
    return max(files, key=lambda file: file.count("/"), default="")
