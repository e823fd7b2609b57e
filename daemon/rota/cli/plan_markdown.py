"""`rota plan` as a comment on a pull request: tables, long lists folded, nothing of a job's text obeyed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

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
from rota.core.problems import Problem
from rota.core.words import counted, schedule_in_words
from rota_renderers.plain import one_line, plain

_FOLDED = 12  # rows; a longer table is folded
_ROWS = 200  # rows of one table; a comment has no room for more
_NOTHING_SAID = "&nbsp;"
_MARKS = "\\`*_[]#!|~>@$"


def document(comparison: Comparison, head: str, zone: ZoneInfo, problems: Sequence[Problem] = ()) -> str:
    """All of it; `head` says what is compared with what."""
    blocks = [f"### rota plan: {summary(comparison)}", escaped(head), *_problems(problems)]
    blocks += [*_jobs(comparison), *_scripts(comparison), *_instants(comparison)]
    blocks += [*_warnings(comparison), *_pressure(comparison, zone)]
    return "\n\n".join(blocks) + "\n"


def escaped(text: object) -> str:
    """Foreign text on one line that means nothing to Markdown or HTML, and calls nobody's name."""
    line = one_line(text).replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"&#{ord(char)};" if char in _MARKS else char for char in line)


def code(text: object) -> str:
    """Foreign text as code; by a tag, since text can break out of backticks, and a table splits at a bar."""
    return f"<code>{escaped(text)}</code>" if one_line(text) else _NOTHING_SAID


def broken(problems: Sequence[Problem], head: str) -> str:
    """What is said when the new set can't be read."""
    return (
        "\n\n".join(["### rota plan: these files have problems", escaped(head), *_problems(problems)]) + "\n"
    )


def _problems(problems: Sequence[Problem]) -> Iterator[str]:
    rows = [
        (code(f"{each.file}:{each.line}"), each.severity, escaped(_problem_text(each))) for each in problems
    ]
    if rows:
        yield _table(("File", "", "Problem"), rows, counted(len(rows), "problem"))


def _problem_text(problem: Problem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


def _jobs(comparison: Comparison) -> Iterator[str]:
    rows = [
        (code(spec.id), "added", escaped(schedule_in_words(spec.triggers, spec.id, zoned=True)))
        for spec in comparison.added
    ]
    rows += [(code(spec.id), "removed", _NOTHING_SAID) for spec in comparison.removed]
    for renamed in comparison.renamed:
        told = [f"was {code(renamed.before.id)}", *map(_key, renamed.keys)]
        rows.append((code(renamed.after.id), "renamed", "<br>".join(told)))
    for group in alike(comparison):
        by = f" by {code(group.file)}" if group.file else ""
        rows.append((code(names(group.jobs)), f"changed{by}", "<br>".join(map(_key, group.keys))))
    if rows:
        yield _table(("Job", "", "What"), rows, "Jobs")


def _key(change: KeyChange) -> str:
    if change.lines:
        return f"{code(change.key)}: see below"
    return f"{code(change.key)}: {code(value_text(change.before))} → {code(value_text(change.after))}"


def _scripts(comparison: Comparison) -> Iterator[str]:
    groups = [(each.jobs, each.keys) for each in alike(comparison)]
    groups += [((each.after.id,), each.keys) for each in comparison.renamed]
    for jobs, keys in groups:
        for change in keys:
            if change.lines:
                title = f"{code(change.key)} of {code(names(jobs))}"
                yield _folded(title, _fenced(change.lines))


def _fenced(lines: Sequence[str]) -> str:
    text = "\n".join(plain(line).replace("\n", " ") for line in lines)
    longest = max((len(run) for run in _backticks(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}diff\n{text}\n{fence}"


def _backticks(text: str) -> list[str]:
    return "".join(char if char == "`" else " " for char in text).split()


def _instants(comparison: Comparison) -> Iterator[str]:
    span = comparison.until - comparison.begin
    rows: list[tuple[str, ...]] = []
    for changes in comparison.instants:
        if changes.is_listed:
            rows += _listed(changes, comparison)
        else:
            rows.append((code(changes.job), "changes", escaped(counts_text(changes, span))))
    if rows:
        yield _table(("Job", "", "Due"), rows, f"Due in the next {span_text(span)}")
    notes = [
        (code(due.job), escaped(due_text(due, comparison.after.jobs[due.job]))) for due in comparison.notes
    ]
    if notes:
        yield _table(("Job", "The clocks change"), notes, "The clocks change")


def _listed(changes: InstantChanges, comparison: Comparison) -> Iterator[tuple[str, ...]]:
    old, new = specs_of(comparison, changes.job)
    job = code(changes.job)
    excepted = {due.at: due.excepted for due in changes.excepted}
    if old is not None:
        for due in changes.vanish:
            why = f": its schedule leaves out {excepted[due.at]}" if due.at in excepted else ""
            yield job, "vanishes", escaped(due_text(due, old) + why)
    if old is not None and new is not None:
        for move in changes.move:
            yield job, "moves", escaped(move_text(move.before, move.after, old, new))
    if new is not None:
        for due in changes.appear:
            yield job, "appears", escaped(due_text(due, new))


def _warnings(comparison: Comparison) -> Iterator[str]:
    if comparison.idle:
        yield "\n".join(f"- {code(idle.job)} {escaped(idle_text(idle))}" for idle in comparison.idle)


def _pressure(comparison: Comparison, zone: ZoneInfo) -> Iterator[str]:
    before, after = comparison.pressure_before, comparison.pressure_after
    if comparison.is_empty or not (before.running.most or after.running.most):
        return
    limit = comparison.after.max_running
    rows = [("all jobs", escaped(peak_text(after.running, before.running, zone, limit)))]
    nothing = type(after.running)()
    for pool in sorted({*before.pools, *after.pools}):
        peaks = after.pools.get(pool, nothing), before.pools.get(pool, nothing)
        text = peak_text(*peaks, zone, comparison.after.pools.get(pool))
        rows.append((f"pool {code(pool)}", escaped(text)))
    yield _table(("", "Runs at the same time"), rows, "Runs at the same time")
    yield escaped(lengths_text(comparison))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> str:
    lines = [_row(head), _row(["---"] * len(head)), *map(_row, rows[:_ROWS])]
    if len(rows) > _ROWS:
        more = [f"… {len(rows) - _ROWS} more", *[""] * (len(head) - 1)]
        lines.append(_row(more))
    table = "\n".join(lines)
    return table if len(rows) <= _FOLDED else _folded(f"{escaped(title)}: {len(rows)} rows", table)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell or ' ' for cell in cells)} |"


def _folded(title: str, inside: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{inside}\n\n</details>"
