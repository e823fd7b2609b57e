"""What is read from the ledger. Each function takes a connection and runs in one read transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select, tuple_, union_all

from rota.core.board import BARS
from rota.core.errors import InvalidRequest
from rota.core.instant import to_ms
from rota.core.run import Attempt, Run, RunState
from rota.core.seams import JobRecord, Pause, RunBar, RunPage, RunQuery
from rota.store import histories
from rota.store.rows import attempt_from, bar_from, pause_from, record_from, run_from
from rota.store.tables import attempts, definitions, facts, jobs, pauses, runs

COUNTED = 10_000  # a page's total stops here: counting on would cost more than anyone gains

_ENDS = 1000  # newest runs of a job among which its latest ends are
_CHUNK = 400  # row ids in one IN list
_BAR_STATES = tuple(state.value for state in RunState if state.is_final and state is not RunState.SKIPPED)
_OPEN_STATES = tuple(state.value for state in RunState if not state.is_final)
_RUN = select(runs).where(runs.c.job == bindparam("job"), runs.c.number == bindparam("number"))
_ATTEMPTS = (
    select(attempts)
    .where(attempts.c.job == bindparam("job"), attempts.c.number == bindparam("number"))
    .order_by(attempts.c.position)
)
_IDS = runs.c.id.in_(bindparam("ids", expanding=True))
_BY_ID = select(runs).where(_IDS)
# By way of the runs' row ids: SQLite walks no index for a list of (job, number) pairs.
_ATTEMPTS_BY_ID = (
    select(attempts)
    .join(runs, (runs.c.job == attempts.c.job) & (runs.c.number == attempts.c.number))
    .where(_IDS)
    .order_by(attempts.c.position)
)

_BAR = (runs.c.job, runs.c.number, runs.c.state, runs.c.created_at, runs.c.started_at, runs.c.ended_at)
_ALL_OF_ONE = (
    select(*_BAR)
    .where(runs.c.job == bindparam("job"), runs.c.state.in_(_BAR_STATES))
    .order_by(runs.c.number.desc())
    .limit(bindparam("most"))
)


def read_run(connection: Connection, job: str, number: int) -> Run | None:
    """The run with its attempts."""
    of = {"job": job, "number": number}
    row = connection.execute(_RUN, of).mappings().first()
    if row is None:
        return None
    return run_from(row, [attempt_from(found) for found in connection.execute(_ATTEMPTS, of).mappings()])


def read_latest(connection: Connection, job: str) -> Run | None:
    """The newest run of the job that was not skipped."""
    page = read_page(connection, RunQuery(job=job, skipped=False, limit=1), total=False)
    return page.runs[0] if page.runs else None


def read_answers(connection: Connection, job: str, since: datetime, until: datetime, limit: int) -> list[Run]:
    """The newest `limit` runs and skips that answer due instants in [since, until], oldest first."""
    begin = to_ms(since)
    newest_first = select(runs).where(runs.c.job == job).order_by(runs.c.due_at.desc())
    inside = newest_first.where(runs.c.due_at >= begin, runs.c.due_at <= to_ms(until)).limit(limit)
    # A stretch that began earlier: none of another row lies inside it.
    before = newest_first.where(runs.c.due_at < begin).limit(1)
    rows = list(connection.execute(inside).mappings())
    rows += [
        row for row in connection.execute(before).mappings() if (row["last_due_at"] or row["due_at"]) >= begin
    ]
    return _with_attempts(connection, rows[:limit][::-1])


def read_ends(connection: Connection, job: str, since: datetime) -> list[Run]:
    """Final runs among the newest of the job that ended later than `since`, in order of their ends."""
    newest = select(runs).where(runs.c.job == job).order_by(runs.c.number.desc()).limit(_ENDS).subquery()
    ended = (
        select(newest)
        .where(newest.c.state.not_in(_OPEN_STATES), newest.c.ended_at > to_ms(since))
        .order_by(newest.c.ended_at, newest.c.number)
    )
    return [run_from(row) for row in connection.execute(ended).mappings()]


def read_last_skips(connection: Connection) -> dict[str, Run]:
    """The newest run of each job whose newest run was SKIPPED."""
    # Asked job by job: there are fewer jobs than skips, and far fewer than runs.
    of_job = (runs.c.job == jobs.c.job) & (runs.c.number == jobs.c.last_number)
    newest = select(runs.c.id).where(of_job, runs.c.state == RunState.SKIPPED.value).scalar_subquery()
    ids = [id_ for id_ in connection.scalars(select(newest).select_from(jobs)) if id_ is not None]
    found = _runs_by_id(connection, ids)
    return {run.job: run for run in found}


def read_page(connection: Connection, query: RunQuery, *, total: bool = True) -> RunPage:
    """One page, newest first. Raises InvalidRequest for a cursor that is none."""
    shape = _Shape(
        states=_states(query),
        one_job=query.job is not None,
        since=query.since is not None,
        until=query.until is not None,
        after_cursor=query.before is not None,
    )
    values = _values(query)
    found = connection.execute(_listing(shape), values).all()
    rows, more = found[: query.limit], len(found) > query.limit
    counted = connection.execute(_counting(shape), values).scalar_one() if total else 0
    cursor = f"{rows[-1].created_at}.{rows[-1].id}" if more else None
    return RunPage(
        runs=_runs_by_id(connection, [row.id for row in rows], attempts=query.attempts),
        total=min(counted, COUNTED),
        total_is_capped=counted > COUNTED,
        next_cursor=cursor,
    )


def read_unfinished(connection: Connection) -> list[Run]:
    """Every run that is not final and no child, oldest first."""
    is_open = runs.c.state.in_(_OPEN_STATES) & runs.c.parent.is_(None)
    wanted = select(runs).where(is_open).order_by(runs.c.created_at, runs.c.id)
    return _with_attempts(connection, connection.execute(wanted).mappings().all())


def read_open_children(connection: Connection, parent: str) -> list[Run]:
    """Of the parent with that id every child that is not final, by number."""
    is_open = (runs.c.job == parent) & runs.c.state.in_(_OPEN_STATES)
    wanted = select(runs).where(is_open).order_by(runs.c.number)
    return _with_attempts(connection, connection.execute(wanted).mappings().all())


def read_bars(connection: Connection, limit: int, of: Sequence[str] | None = None) -> dict[str, list[RunBar]]:
    """The last `limit` final runs of those jobs (None: of all) that were not skipped, oldest first."""
    names = list(connection.scalars(select(jobs.c.job))) if of is None else of
    bars = histories.read(connection, limit, of) if limit <= BARS else {}
    for job in names:
        if job not in bars:
            found = connection.execute(_ALL_OF_ONE, {"job": job, "most": limit})
            bars[job] = [bar_from(row) for row in found][::-1]
    return {job: found for job, found in bars.items() if found}


def read_records(connection: Connection) -> dict[str, JobRecord]:
    """What is known of each job beside its runs."""
    return {row["job"]: record_from(row) for row in connection.execute(select(jobs)).mappings()}


def read_pauses(connection: Connection) -> dict[str, Pause]:
    """Pauses of many jobs, by scope."""
    return {row["scope"]: pause_from(row) for row in connection.execute(select(pauses)).mappings()}


def read_definition(connection: Connection, hash_: str) -> str | None:
    """The text of that hash."""
    found: str | None = connection.scalar(select(definitions.c.text).where(definitions.c.hash == hash_))
    return found


def read_fact(connection: Connection, scope: str, key: str, now_ms: int) -> str | None:
    """The fact, unless it has expired."""
    wanted = select(facts.c.value).where(
        facts.c.scope == scope, facts.c.key == key, facts.c.expires_at > now_ms
    )
    found: str | None = connection.scalar(wanted)
    return found


class _Shape(NamedTuple):
    """What decides the text of a listing; its values are bound."""

    states: tuple[str, ...]
    one_job: bool
    since: bool
    until: bool
    after_cursor: bool


def _states(query: RunQuery) -> tuple[str, ...]:
    if query.states:
        return tuple(sorted(state.value for state in query.states))
    return tuple(state.value for state in RunState if query.skipped or state is not RunState.SKIPPED)


def _values(query: RunQuery) -> dict[str, Any]:
    values: dict[str, Any] = {"limit": query.limit + 1, "counted": COUNTED + 1}
    if query.job is not None:
        values["job"] = query.job
    if query.since is not None:
        values["since"] = to_ms(query.since)
    if query.until is not None:
        values["until"] = to_ms(query.until)
    if query.before is not None:
        at, dot, row = query.before.partition(".")
        if not (dot and at.isascii() and row.isascii() and at.lstrip("-").isdigit() and row.isdigit()):
            raise InvalidRequest(
                f"{query.before!r} is no cursor of a page of runs: use nextCursor of the page before."
            )
        values |= {"cursor_at": int(at), "cursor_id": int(row)}
    return values


@lru_cache(maxsize=256)
def _listing(shape: _Shape) -> Select[Any]:
    """A union of one short index walk per state."""
    newest_first = (runs.c.created_at.desc(), runs.c.id.desc())
    walks = [
        select(_walk(shape, state).order_by(*newest_first).limit(bindparam("limit")).subquery())
        for state in shape.states
    ]
    found = union_all(*walks).subquery()
    return select(found).order_by(found.c.created_at.desc(), found.c.id.desc()).limit(bindparam("limit"))


@lru_cache(maxsize=256)
def _counting(shape: _Shape) -> Select[Any]:
    whole = shape._replace(after_cursor=False)
    walks = [
        select(_walk(whole, state).limit(bindparam("counted")).subquery().c.id) for state in whole.states
    ]
    found = select(union_all(*walks).subquery().c.id).limit(bindparam("counted")).subquery()
    return select(func.count()).select_from(found)


def _walk(shape: _Shape, state: str) -> Select[Any]:
    walk = select(runs.c.id, runs.c.created_at).where(runs.c.state == state)
    # Over all jobs children are left out, as the index does that is walked then.
    one_job = runs.c.job == bindparam("job") if shape.one_job else runs.c.parent.is_(None)
    walk = walk.where(one_job)
    if shape.since:
        walk = walk.where(runs.c.created_at >= bindparam("since"))
    if shape.until:
        walk = walk.where(runs.c.created_at < bindparam("until"))
    if shape.after_cursor:
        cursor = tuple_(bindparam("cursor_at"), bindparam("cursor_id"))
        walk = walk.where(tuple_(runs.c.created_at, runs.c.id) < cursor)
    return walk


def _runs_by_id(connection: Connection, ids: Sequence[int], *, attempts: bool = True) -> list[Run]:
    rows: dict[int, Mapping[Any, Any]] = {}
    for start in range(0, len(ids), _CHUNK):
        wanted = {"ids": ids[start : start + _CHUNK]}
        rows |= {row["id"]: row for row in connection.execute(_BY_ID, wanted).mappings()}
    ordered = [rows[id_] for id_ in ids]
    return _with_attempts(connection, ordered) if attempts else [run_from(row) for row in ordered]


def _with_attempts(connection: Connection, rows: Sequence[Mapping[Any, Any]]) -> list[Run]:
    tries: dict[tuple[str, int], list[Attempt]] = {}
    for row in _attempt_rows(connection, [row["id"] for row in rows]):
        tries.setdefault((row["job"], row["number"]), []).append(attempt_from(row))
    return [run_from(row, tries.get((row["job"], row["number"]), ())) for row in rows]


def _attempt_rows(connection: Connection, of_runs: Sequence[int]) -> Iterable[Mapping[Any, Any]]:
    for start in range(0, len(of_runs), _CHUNK):
        wanted = {"ids": of_runs[start : start + _CHUNK]}
        yield from connection.execute(_ATTEMPTS_BY_ID, wanted).mappings()
