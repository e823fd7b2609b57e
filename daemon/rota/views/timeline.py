"""The timeline page: the last day of each job from the ledger, and its next day by the schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rota.core.board import Board, JobEntry
from rota.core.due_table import DueTable
from rota.core.instant import length_ms, to_ms
from rota.core.lengths import median_length, usual_length
from rota.core.model import JobSpec
from rota.core.run import Run, RunState
from rota.core.seams import Pause
from rota.core.words import counted, instant_in_words, schedule_in_words
from rota.views.ids import job_path
from rota_catalog.tree import Document, Node, document

AROUND = timedelta(hours=24)  # before and after now
ROWS = 100
_BARS = 200  # of one row; more of them are shown as density, and those that failed on top of it
_PARTS = 192
_LEAST = 0.001  # of a part in which something runs

_Row = dict[str, object]
_Bar = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineJob:
    """What the page needs of a job, apart from the board: it may be drawn on another thread."""

    spec: JobSpec
    length: timedelta
    pause: Pause | None


def timeline_jobs(board: Board) -> list[TimelineJob]:
    """All jobs as they are now, in order of their ids."""
    return [_job(entry) for _, entry in sorted(board.jobs.items())]


def timeline_page(
    name: str, jobs: Sequence[TimelineJob], runs: Sequence[Run], *, more: bool, now: datetime
) -> Document:
    """`runs` are the newest that began in the last day, in any state; `more`: older ones are left out.

    Runs are planned by the clock alone: those that come after other jobs, or after a boot, are not foreseen.
    """
    table = DueTable(now, now + AROUND)
    past: dict[str, list[Run]] = {}
    for run in runs:
        past.setdefault(run.job, []).append(run)
    busy = [job for job in jobs if job.spec.id in past or table.owed(job.spec)]
    rows = [_row(job, past.get(job.spec.id, []), table, now) for job in busy[:ROWS]]
    text = f"{len(busy)} of {counted(len(jobs), 'job')} with runs in these two days"
    text += f"; the first {ROWS} are shown" if len(busy) > ROWS else ""
    children = [_timeline(rows, text, now)]
    if more:
        children.insert(0, _left_out(len(runs)))
    props: dict[str, object] = {
        "title": "Timeline",
        "subtitle": "The last 24 h as they were, and the next 24 h as they are planned",
        "zone": "UTC",
        "back": {"label": "Overview", "href": "/"},
    }
    return document(name, Node(type="Page", id="page", props=props, text="Timeline", children=children))


def _left_out(count: int) -> Node:
    title = f"The newest {counted(count, 'run')} are shown; older ones of this day are left out"
    return Node(type="Banner", id="left-out", props={"tone": "idle", "title": title}, text=title)


def _timeline(rows: Sequence[_Row], text: str, now: datetime) -> Node:
    props = {
        "from": to_ms(now - AROUND),
        "until": to_ms(now + AROUND),
        "caption": text,
        "ticks": [to_ms(now)],
        "rows": list(rows),
    }
    return Node(type="Timeline", id="timeline", props=props, text=text)


def _job(entry: JobEntry) -> TimelineJob:
    length = usual_length(entry.spec, median_length(entry.bars)).value
    return TimelineJob(spec=entry.spec, length=length, pause=entry.pause)


def _row(job: TimelineJob, runs: Sequence[Run], table: DueTable, now: datetime) -> _Row:
    spec, length = job.spec, length_ms(job.length)
    bars = [_ran(run, now) for run in runs]
    bars += [{"at": to_ms(due.starts_at), "durationMs": length} for due in table.owed(spec)]
    row: _Row = {
        "job": spec.id,
        "href": job_path(spec.id),
        "runs": len(bars),
        "note": schedule_in_words(spec.triggers, spec.id, zoned=True)[:300],
    }
    if job.pause is not None:
        row["warn"] = _held(job.pause)
    if len(bars) > _BARS:
        row["density"] = _density(bars, now)
        if failed := [bar for bar in bars if bar.get("state") == RunState.FAILED.value]:
            row["bars"] = failed[:_BARS]
    elif bars:
        row["bars"] = bars
    return row


def _held(pause: Pause) -> str:
    if pause.until is None:
        return "paused: planned instants are skipped"
    until = instant_in_words(pause.until.replace(microsecond=0))
    return f"paused until {until}: instants before it are skipped"


def _ran(run: Run, now: datetime) -> _Bar:
    begin = run.started_at or run.created_at
    end = run.ended_at or now
    return {
        "at": to_ms(begin),
        "durationMs": max(0, length_ms(end - begin)),
        "state": run.state.value,
    }


def _density(bars: Sequence[Mapping[str, object]], now: datetime) -> list[float]:
    begin, part = to_ms(now - AROUND), length_ms(2 * AROUND) // _PARTS
    busy, runs = [0] * _PARTS, [0] * _PARTS
    for bar in bars:
        start, length = int(str(bar["at"])) - begin, int(str(bar["durationMs"]))
        for index in range(max(0, start // part), min((start + length) // part + 1, _PARTS)):
            busy[index] += max(0, min(start + length, (index + 1) * part) - max(start, index * part))
            runs[index] += 1
    # A run of a moment is seen as well.
    shares = zip(runs, busy, strict=True)
    return [min(1.0, max(_LEAST, round(each / part, 3))) if count else 0.0 for count, each in shares]
