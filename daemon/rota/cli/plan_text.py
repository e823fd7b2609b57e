"""`rota plan` for people at a terminal: 80 columns, one line a fact."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import click

from rota.cli.plan_words import (
    alike,
    counts_text,
    due_text,
    idle_text,
    lengths_text,
    move_text,
    names,
    peak_text,
    span_text,
    specs_of,
    summary,
    value_text,
)
from rota.core.comparison import Comparison
from rota.core.definition_diff import KeyChange
from rota.core.instant_changes import InstantChanges
from rota.core.words import counted, schedule_in_words
from rota_renderers.plain import one_line, plain

_WIDTH = 80
_NOTES = 8
_DIFF = 24  # lines of one script's difference
_COLOURS = {"+": "green", "-": "red", "~": "yellow", ">": "cyan"}


def lines_of(comparison: Comparison, zone: ZoneInfo) -> Iterator[str]:
    """All of it; `zone` is that of times which belong to no job. Colours only where click keeps them."""
    yield click.style(summary(comparison) + ".", bold=True)
    sections = [
        ("Jobs", list(_jobs(comparison))),
        (f"Due in the next {span_text(comparison.until - comparison.begin)}", list(_instants(comparison))),
        ("Look twice", list(_warnings(comparison))),
        ("The clocks change", list(_notes(comparison))),
        ("Runs at the same time", list(_pressure(comparison, zone))),
    ]
    for title, lines in sections:
        if lines:
            yield ""
            yield click.style(title, underline=True)
            yield from lines


def _jobs(comparison: Comparison) -> Iterator[str]:
    for spec in comparison.added:
        yield _marked("+", f"{spec.id}: {schedule_in_words(spec.triggers, spec.id, zoned=True)}")
    for spec in comparison.removed:
        yield _marked("-", spec.id)
    for renamed in comparison.renamed:
        yield _marked(">", f"{renamed.after.id}: was {renamed.before.id}")
        yield from _keys(renamed.keys)
    for group in alike(comparison):
        cause = f" (by {group.file})" if group.file else ""
        yield _marked("~", names(group.jobs) + cause)
        yield from _keys(group.keys)


def _keys(keys: Sequence[KeyChange]) -> Iterator[str]:
    for change in keys:
        diff = change.lines
        if not diff:
            text = f"{change.key}: {value_text(change.before)} → {value_text(change.after)}"
            yield from _wrapped(text, "    ")
            continue
        yield f"    {one_line(change.key)}:"
        for line in diff[:_DIFF]:
            yield click.style(f"      {plain(line).expandtabs(4)}", fg=_COLOURS.get(line[:1]))
        if len(diff) > _DIFF:
            yield f"      … {counted(len(diff) - _DIFF, 'line')} more"


def _instants(comparison: Comparison) -> Iterator[str]:
    for changes in comparison.instants:
        if changes.is_listed:
            yield from _listed(changes, comparison)
        else:
            text = counts_text(changes, comparison.until - comparison.begin)
            old, new = specs_of(comparison, changes.job)
            mark = "+" if old is None else "-" if new is None else "~"
            yield _marked(mark, f"{changes.job}: {text}")


def _listed(changes: InstantChanges, comparison: Comparison) -> Iterator[str]:
    old, new = specs_of(comparison, changes.job)
    excepted = {due.at: due.excepted for due in changes.excepted}
    for due in changes.vanish:
        if old is not None:
            why = f": its schedule leaves out {excepted[due.at]}" if due.at in excepted else ""
            yield _marked("-", f"{changes.job}: {due_text(due, old)}{why}")
    for move in changes.move:
        if old is not None and new is not None:
            yield _marked("~", f"{changes.job}: {move_text(move.before, move.after, old, new)}")
    for due in changes.appear:
        if new is not None:
            yield _marked("+", f"{changes.job}: {due_text(due, new)}")


def _warnings(comparison: Comparison) -> Iterator[str]:
    for idle in comparison.idle:
        yield from _wrapped(f"{idle.job} {idle_text(idle)}", "  ")


def _notes(comparison: Comparison) -> Iterator[str]:
    for due in comparison.notes[:_NOTES]:
        yield from _wrapped(f"{due.job}: {due_text(due, comparison.after.jobs[due.job])}", "  ")
    if len(comparison.notes) > _NOTES:
        yield f"  … {counted(len(comparison.notes) - _NOTES, 'instant')} more"


def _pressure(comparison: Comparison, zone: ZoneInfo) -> Iterator[str]:
    before, after = comparison.pressure_before, comparison.pressure_after
    if comparison.is_empty or not (before.running.most or after.running.most):
        return
    limit = comparison.after.max_running
    yield from _wrapped(f"all jobs: {peak_text(after.running, before.running, zone, limit)}", "  ")
    nothing = type(after.running)()
    for pool in sorted({*before.pools, *after.pools}):
        peaks = after.pools.get(pool, nothing), before.pools.get(pool, nothing)
        text = peak_text(*peaks, zone, comparison.after.pools.get(pool))
        yield from _wrapped(f"pool {pool}: {text}", "  ")
    yield from _wrapped(lengths_text(comparison), "  ")


def _marked(mark: str, text: str) -> str:
    head, *rest = textwrap.wrap(one_line(text), _WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    lines = [f"{click.style(mark, fg=_COLOURS[mark])} {head}", *(f"    {line}" for line in rest)]
    return "\n".join(lines)


def _wrapped(text: str, indent: str) -> Iterator[str]:
    yield from textwrap.wrap(
        one_line(text),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
