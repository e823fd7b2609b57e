"""The newest ends of each job, kept by the writer in one short text, so that pages and starts need not gather
them run by run.

A job without a row is one whose ends nobody has gathered yet (`fill`): its history is read from its runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from rota.core.board import BARS
from rota.core.instant import from_ms, optional_ms, to_ms
from rota.core.run import Run, RunState
from rota.core.seams import RunBar
from rota.store.tables import histories, jobs, runs

SPARE = 8  # runs of a job that go on at once end in any order
KEPT = BARS + SPARE

_WIDTH = 32  # number, state, instant and length of one run
_STATES = {"c": RunState.COMPLETED, "f": RunState.FAILED, "x": RunState.CANCELLED}
_LETTERS = {state: letter for letter, state in _STATES.items()}
_CHUNK = 500  # jobs in one IN list
_NEWEST_ONES: ColumnElement[int] = literal_column(str(-KEPT * _WIDTH), Integer)

ADD = insert(histories)
APPEND = (
    update(histories)
    .where(histories.c.job == bindparam("of_job"))
    .values(ends=func.substr(histories.c.ends.concat(bindparam("end")), _NEWEST_ONES))
)
_NEWEST = (
    select(runs.c.number, runs.c.state, runs.c.created_at, runs.c.started_at, runs.c.ended_at)
    .where(runs.c.job == bindparam("of_job"), runs.c.state.in_([state.value for state in _LETTERS]))
    .order_by(runs.c.number.desc())
    .limit(KEPT)
)


def is_end(run: Run) -> bool:
    """Whether it belongs into its job's history."""
    return run.state in _LETTERS


def as_text(run: Run) -> str:
    """The run's own piece of the text."""
    began, ended = optional_ms(run.started_at), optional_ms(run.ended_at)
    return _text(run.number, run.state, began, ended, to_ms(run.created_at))


def read(connection: Connection, most: int, of: Sequence[str] | None = None) -> dict[str, list[RunBar]]:
    """The newest ends, at most `most` and KEPT of each of those jobs (None: of all), oldest first.

    Jobs whose ends are not gathered yet are not named; one without ends has an empty list.
    """
    wanted = select(histories.c.job, func.substr(histories.c.ends, -(most + SPARE) * _WIDTH))
    if of is None:
        found = connection.execute(wanted).all()
    else:
        found = [
            row for part in _parts(of) for row in connection.execute(wanted.where(histories.c.job.in_(part)))
        ]
    return {job: _bars(text, most) for job, text in found}


def forget(connection: Connection, gone: Iterable[tuple[str, int]]) -> None:
    """Those runs are no longer there."""
    numbers: dict[str, set[int]] = {}
    for job, number in gone:
        numbers.setdefault(job, set()).add(number)
    for job, bars in read(connection, KEPT, list(numbers)).items():
        if any(bar.number in numbers[job] for bar in bars):
            gather(connection, [job])


def unknown(connection: Connection, most: int) -> list[str]:
    """Jobs whose ends are not gathered yet, at most so many."""
    missing = select(jobs.c.job).where(jobs.c.job.not_in(select(histories.c.job))).limit(most)
    return list(connection.scalars(missing))


def gather(connection: Connection, of: Sequence[str]) -> None:
    """Make their texts anew from their runs. Nothing may wait to be written for them."""
    for part in _parts(of):
        connection.execute(delete(histories).where(histories.c.job.in_(part)))
        rows = [{"job": job, "ends": _gathered(connection, job)} for job in part]
        connection.execute(ADD, rows)


def _parts(of: Sequence[str]) -> list[Sequence[str]]:
    return [of[start : start + _CHUNK] for start in range(0, len(of), _CHUNK)]


def _gathered(connection: Connection, job: str) -> str:
    found = connection.execute(_NEWEST, {"of_job": job}).all()
    return "".join(
        _text(row.number, RunState(row.state), row.started_at, row.ended_at, row.created_at)
        for row in reversed(found)
    )


def _text(number: int, state: RunState, began: int | None, ended: int | None, created: int) -> str:
    at = max(0, created if began is None else began)
    length = "-" * 12 if began is None or ended is None else f"{max(0, ended - began):012x}"
    return f"{number:08x}{_LETTERS[state]}{at:011x}{length}"


def _bars(text: str, most: int) -> list[RunBar]:
    pieces = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    pieces.sort()  # by number: it comes first, and all are as long
    return [_bar(piece) for piece in pieces[-most:]]


def _bar(piece: str) -> RunBar:
    length = piece[20:]
    return RunBar(
        number=int(piece[:8], 16),
        state=_STATES[piece[8]],
        at=from_ms(int(piece[9:20], 16)),
        duration_ms=None if length[0] == "-" else int(length, 16),
    )
