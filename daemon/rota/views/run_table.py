"""Runs as a table, with links to the pages before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rota.core.instant import to_ms
from rota.core.model import CONDITION
from rota.core.run import Attempt, Run
from rota.core.seams import RunPage
from rota.views.ids import job_path, run_path
from rota.views.phases import duration_ms, phase_of_run, trigger_of
from rota_catalog.tree import Node

_EXPECTED = "exit code 0"  # says no more than the state


def run_table(job: str, page: RunPage, *, before: str, zone: str) -> Node:
    """The runs of one page, newest first; `before` is the cursor by which it was asked for."""
    props = {"rows": [run_row(run) for run in page.runs], "total": page.total, "zone": zone}
    text = f"{len(page.runs)} of {total_text(page)} {'run' if page.total == 1 else 'runs'}"
    pager = _pager(job, page, before)
    slots = {"pager": [pager]} if pager else {}
    return Node(type="RunTable", id="runs.table", props=props, slots=slots, text=text)


def total_text(page: RunPage) -> str:
    """How many runs there are, such as "91" or "10,000+"."""
    return f"{page.total:,}+" if page.total_is_capped else str(page.total)


def run_row(run: Run) -> Mapping[str, object]:
    """One run as a row of a table of runs."""
    row: dict[str, object] = {
        "id": run.id,
        "state": phase_of_run(run),
        "href": run_path(run.id),
        "trigger": trigger_of(run)[:100],
    }
    if run.scheduled_for is not None:
        row["scheduledAt"] = to_ms(run.scheduled_for)
    if run.started_at is not None:
        row["startedAt"] = to_ms(run.started_at)
        if run.ended_at is not None:
            row["durationMs"] = duration_ms(run)
    if run.attempt > 1 and " on attempt " not in run.message:
        row |= {"attempt": run.attempt, "maxAttempts": max(run.attempt, run.max_attempts)}
    note = "" if run.message in (row["state"], _EXPECTED) else run.message
    if run.count > 1:
        note = f"{run.count} due instants: {note}"
    return row | ({"note": note[:500]} if note else {})


def attempt_table(run: Run, attempts: Sequence[Attempt], shown: Attempt | None) -> Node:
    """The attempts of a run, newest first; each leads to its own log."""
    rows = [_attempt_row(run, attempt, shown) for attempt in reversed(attempts)]
    text = f"{len(rows)} attempts"
    props = {"rows": rows[:200], "caption": "Newest first"}
    return Node(type="RunTable", id="attempts.table", props=props, text=text)


def log_path(run: Run, attempt: Attempt) -> str:
    """The page of the run with the log of that attempt."""
    return f"{run_path(run.id, attempt=str(attempt.n), step=attempt.step)}#h-log"


def _attempt_row(run: Run, attempt: Attempt, shown: Attempt | None) -> Mapping[str, object]:
    named = run.steps or attempt.step == CONDITION
    name = f"{attempt.step} {attempt.n}" if named else f"attempt {attempt.n}"
    row: dict[str, object] = {
        "id": name[:100],
        "state": attempt.state.value,
        "href": log_path(run, attempt),
    }
    if attempt.started_at is not None:
        row["startedAt"] = to_ms(attempt.started_at)
        if attempt.ended_at is not None:
            row["durationMs"] = max(0, to_ms(attempt.ended_at) - to_ms(attempt.started_at))
    note = "" if attempt.message in (row["state"], _EXPECTED) else attempt.message
    if shown is not None and attempt.id == shown.id:
        note = f"{note} (log below)" if note else "log below"
    return row | ({"note": note[:500]} if note else {})


def _pager(job: str, page: RunPage, before: str) -> Node | None:
    links = []
    if before:
        links.append(_link("newest", "Newest runs", job_path(job) + "#h-runs", "prev"))
    if page.next_cursor is not None:
        links.append(_link("older", "Older runs", job_path(job, before=page.next_cursor) + "#h-runs", "next"))
    return Node(type="Stack", id="runs.pager", props={"dir": "row"}, children=links) if links else None


def _link(name: str, label: str, href: str, rel: str) -> Node:
    return Node(type="Link", id=f"runs.{name}", props={"label": label, "href": href, "rel": rel}, text=label)
