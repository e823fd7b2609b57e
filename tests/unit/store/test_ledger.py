"""What only the ledger on disk promises."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine.interfaces import ReflectedIndex

from fakes.clock import FakeClock
from rota.core.errors import StoreDamaged, Unavailable, UsageError
from rota.core.instant import to_ms
from rota.core.run import Attempt, Run, RunState, TriggeredBy
from rota.core.seams import Pause, RunQuery
from rota.store import schema
from rota.store.backup import backup_folder
from rota.store.ledger import Ledger
from rota.store.tables import metadata

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[Ledger]:
    opened = open_ledger(path)
    yield opened
    await opened.close()


def open_ledger(path: Path) -> Ledger:
    return Ledger.open(path, FakeClock(NOON))


def a_run(second: int = 0, *, job: str = "backup") -> Run:
    due = NOON + timedelta(seconds=second)
    return Run(
        job=job,
        number=0,
        state=RunState.PENDING,
        triggered_by=TriggeredBy.SCHEDULE,
        due_at=due,
        created_at=due,
    )


def sql(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement).fetchall()


def fill(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def overwrite_middle(path: Path) -> None:
    """What a failing disk does."""
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * (path.stat().st_size - 4 * 4096))


async def test_what_was_written_is_there_after_closing_and_opening_again(path: Path) -> None:
    first = open_ledger(path)
    await first.add([a_run()])
    await first.close()

    second = open_ledger(path)
    answers = await second.add([a_run(), a_run(1)])
    await second.close()

    assert [run and run.number for run in answers] == [None, 2]
    assert second.id == first.id


async def test_the_ledger_is_readable_for_its_owner_only(ledger: Ledger) -> None:
    await ledger.add([a_run()])

    modes = {file.name: file.stat().st_mode & 0o777 for file in ledger.path.parent.glob("ledger.db*")}

    assert set(modes.values()) == {0o600}


async def test_every_commit_reaches_the_disk_before_it_is_acknowledged(ledger: Ledger) -> None:
    def settings(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    full = 2  # SQLite's number for synchronous=FULL

    assert await ledger.write(settings) == ["wal", full, 1]


async def test_counting_stops_and_says_so(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rota.store.queries.COUNTED", 3)
    await ledger.add([a_run(minute) for minute in range(3)])
    exact = await ledger.runs(RunQuery())
    await ledger.add([a_run(7)])
    more = await ledger.runs(RunQuery())

    assert (exact.total, exact.total_is_capped) == (3, False)
    assert (more.total, more.total_is_capped) == (3, True)


async def test_a_hundred_writers_share_a_few_commits(ledger: Ledger) -> None:
    begun: list[object] = []
    event.listen(ledger._writer._engine, "commit", begun.append)
    stored = await asyncio.gather(*(ledger.add([a_run(second)]) for second in range(100)))
    runs = [run for answer in stored for run in answer if run is not None]

    await asyncio.gather(*(ledger.save(replace(run, state=RunState.RUNNING)) for run in runs))

    assert sorted(run.number for run in runs) == list(range(1, 101))
    assert len(await ledger.unfinished()) == 100
    assert len(begun) < 20


async def test_one_piece_that_fails_takes_no_other_with_it(ledger: Ledger) -> None:
    def fail(_connection: Connection) -> None:
        raise ValueError("no")

    answers = await asyncio.gather(
        ledger.add([a_run(0)]), ledger.write(fail), ledger.add([a_run(1)]), return_exceptions=True
    )

    assert isinstance(answers[1], ValueError)
    assert [run.number for run in reversed((await ledger.runs(RunQuery())).runs)] == [1, 2]


async def test_a_call_that_fails_half_way_leaves_nothing_of_it(ledger: Ledger) -> None:
    def half(connection: Connection) -> None:
        connection.execute(text("INSERT INTO definitions VALUES ('h', 't')"))
        raise ValueError("no")

    await asyncio.gather(ledger.write(half), ledger.add([a_run()]), return_exceptions=True)

    assert await ledger.definition("h") is None
    assert (await ledger.runs(RunQuery())).total == 1


async def test_a_caller_that_stops_waiting_does_not_harm_the_others(ledger: Ledger) -> None:
    waiting = asyncio.ensure_future(ledger.add([a_run(0)]))
    other = asyncio.ensure_future(ledger.add([a_run(1)]))
    await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    waiting.cancel()

    assert await other


async def test_reading_goes_on_while_another_program_holds_the_lock(ledger: Ledger) -> None:
    await ledger.add([a_run()])
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        runs = (await ledger.runs(RunQuery())).runs
        other.execute("ROLLBACK")

    assert [run.id for run in runs] == ["backup.1"]


async def test_a_full_disk_refuses_what_can_not_be_stored_and_work_goes_on_when_there_is_room(
    ledger: Ledger,
) -> None:
    def limit(pages: int) -> None:
        def pragma(connection: Connection) -> None:
            connection.execute(text(f"PRAGMA max_page_count = {pages}"))

        # The engine's one connection; PRAGMA max_page_count is how SQLite itself simulates a full disk.
        with ledger._writer._engine.connect() as connection:
            pragma(connection)

    await ledger.add([a_run(0)])
    limit(1)
    with pytest.raises(Unavailable, match="disk is full"):
        await ledger.add([replace(a_run(1), message="x" * 100_000)])
    limit(1 << 30)

    (again,) = await ledger.add([a_run(1)])

    assert again is not None
    assert again.number == 2


async def test_a_file_that_is_no_database_is_refused_with_the_way_out(path: Path) -> None:
    fill(path, b"not a database at all, " * 1000)

    with pytest.raises(StoreDamaged, match=r"rota store check.*rota store restore"):
        open_ledger(path)


async def test_a_damaged_ledger_is_refused_with_the_way_out(path: Path) -> None:
    ledger = open_ledger(path)
    await ledger.add([replace(a_run(second), message="x" * 500) for second in range(200)])
    await ledger.close()
    overwrite_middle(path)

    with pytest.raises(StoreDamaged, match="rota store restore"):
        open_ledger(path)


async def test_damage_that_is_met_while_working_is_an_error_to_act_upon_and_is_remembered(path: Path) -> None:
    ledger = open_ledger(path)
    await ledger.add([replace(a_run(second), message="x" * 500) for second in range(200)])
    await ledger.close()
    ledger = open_ledger(path)
    overwrite_middle(path)
    try:
        with pytest.raises(Unavailable, match=r"damaged.*rota store restore"):
            await ledger.runs(RunQuery(limit=200))

        assert len(ledger.damage) == 1
    finally:
        await ledger.close()


async def test_what_would_go_into_a_ledger_that_was_moved_away_is_refused_until_it_is_back(
    ledger: Ledger,
) -> None:
    elsewhere = ledger.path.with_name("elsewhere.db")
    ledger.path.rename(elsewhere)
    with pytest.raises(Unavailable, match="was moved, removed or exchanged"):
        await ledger.add([a_run(0)])
    ledger.path.write_bytes(b"")
    with pytest.raises(Unavailable, match="was moved, removed or exchanged"):
        await ledger.add([a_run(0)])

    elsewhere.replace(ledger.path)

    assert await ledger.add([a_run(0)])


async def test_a_lock_is_waited_for_once_however_many_wait_behind_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = 0

    def begin(connection: Connection) -> None:
        nonlocal waits
        waits += 1
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    monkeypatch.setattr("rota.store.database._BUSY_SECONDS", 0.05)
    monkeypatch.setattr("rota.store.database._begin_writing", begin)
    ledger = open_ledger(path)
    waits = 0
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert ledger.writing is None
        told = await asyncio.gather(*(ledger.add([a_run(i)]) for i in range(5)), return_exceptions=True)
        other.execute("ROLLBACK")
    transactions = ledger._writer.transactions
    await ledger.close()

    assert [type(each) for each in told] == [Unavailable] * 5
    assert all("locked by another program" in str(each) for each in told)
    assert waits == transactions


async def test_a_ledger_of_a_newer_rota_is_refused_with_both_numbers(path: Path) -> None:
    await open_ledger(path).close()
    sql(path, "UPDATE alembic_version SET version_num = '0099'")

    with pytest.raises(UsageError, match=r"schema 99, and this rota knows schemas up to 8"):
        open_ledger(path)


async def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"nowhere/ledger\.db can't be opened: No such file"):
        open_ledger(tmp_path / "nowhere" / "ledger.db")


async def test_an_older_schema_is_backed_up_before_it_is_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_ledger(path).close()
    monkeypatch.setattr(schema, "NEWEST", 99)
    upgraded: list[Path] = []
    copy = backup_folder(path) / "before-schema-99.db"
    monkeypatch.setattr(schema, "upgrade", lambda _: upgraded.extend(copy.parent.iterdir()))

    await open_ledger(path).close()

    assert upgraded == [copy]
    assert sql(copy, "SELECT version_num FROM alembic_version") == [("0008",)]


async def test_a_ledger_of_schema_1_keeps_its_rows_and_gets_the_new_columns(path: Path) -> None:
    a_ledger_of_schema_1(path, runs=3)

    ledger = open_ledger(path)
    run, record = await ledger.run("backup", 2), (await ledger.records())["backup"]
    later = await ledger.add([a_run(10)])
    await ledger.close()

    assert run is not None
    assert (run.planned_at, run.upstream, run.dirty, run.log_name) == (None, (), False, "backup")
    assert record.pause == Pause(since=NOON, note="moving")
    assert (record.boot, record.skip_next) == ("", None)
    assert [run.id for run in later if run is not None] == ["backup.4"]
    copy = backup_folder(path) / "before-schema-8.db"
    assert sql(copy, "SELECT count(*) FROM runs") == [(3,)]


def test_the_upgrade_rewrites_no_row(path: Path) -> None:
    a_ledger_of_schema_1(path, runs=1)
    engine = create_engine(f"sqlite:///{path}")
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2].lstrip()[:6]))

    with engine.begin() as connection:
        schema.upgrade(connection)
    engine.dispose()

    assert set(statements) <= {"PRAGMA", "SELECT", "ALTER ", "CREATE", "UPDATE", "DROP I"}
    assert statements.count("UPDATE") == schema.NEWEST - 1  # Alembic's own number


def a_ledger_of_schema_1(path: Path, *, runs: int) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        schema.upgrade(connection, 1)
        job = {"job": "backup", "last": runs, "since": to_ms(NOON)}
        connection.execute(text(_JOB_OF_SCHEMA_1), job)
        for number in range(1, runs + 1):
            connection.execute(text(_RUN_OF_SCHEMA_1), {"number": number, "at": to_ms(NOON) + number})
    engine.dispose()


_JOB_OF_SCHEMA_1 = """
INSERT INTO jobs
VALUES (:job, :last, :since, 'every 60s UTC', :since, :since, NULL, 'moving', 'h', 'f', 1, '/')
"""
_RUN_OF_SCHEMA_1 = """
INSERT INTO runs (job, number, state, message, triggered_by, due_at, count, created_at, max_attempts, attempt,
  progress, params, result, warnings, steps, host, definition, source_file, source_line)
VALUES ('backup', :number, 'completed', '', 'schedule', :at, 1, :at, 1, 1,
  '[0,0,""]', '{}', '{}', '[]', '[]', '', 'h', 'f', 1)
"""


def test_the_migrations_make_exactly_the_tables_the_code_knows(path: Path) -> None:
    migrated, declared = create_engine(f"sqlite:///{path}"), create_engine(f"sqlite:///{path}.declared")
    with migrated.begin() as connection:
        schema.upgrade(connection)
        assert schema.version(connection) == schema.NEWEST
    metadata.create_all(declared)

    assert _shape(migrated) == _shape(declared)
    migrated.dispose()
    declared.dispose()


def test_the_newest_schema_is_the_last_migration() -> None:
    versions = Path(schema.__file__).parent / "migrations" / "versions"

    assert max(int(file.name[1:5]) for file in versions.glob("v*.py")) == schema.NEWEST


@pytest.mark.slow  # kills a process of its own
def test_nothing_acknowledged_is_lost_when_the_process_is_killed(path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITES_UNTIL_KILLED, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    acknowledged = [child.stdout.readline().strip() for _ in range(50)]
    child.send_signal(signal.SIGKILL)
    acknowledged += child.stdout.read().splitlines()[:-1]
    child.wait()
    child.stdout.close()

    numbers = {row[0] for row in sql(path, "SELECT number FROM runs")}

    assert {int(number) for number in acknowledged} <= numbers
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize(
    "ask",
    [
        lambda ledger: ledger.runs(RunQuery(since=NOON, until=NOON + timedelta(days=1))),
        lambda ledger: ledger.runs(RunQuery(job="backup", before="99999999999999.1")),
        lambda ledger: ledger.latest("backup"),
        lambda ledger: ledger.run("backup", 1),
        lambda ledger: ledger.unfinished(),
    ],
    ids=["all", "one-job", "latest", "run", "unfinished"],
)
async def test_what_pages_ask_walks_indexes_and_never_a_table(
    ledger: Ledger, ask: Callable[[Ledger], Awaitable[object]]
) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []
    event.listen(ledger._reading, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    await ledger.add([replace(a_run(), attempts=(Attempt(id="a1", created_at=NOON),))])

    assert await ask(ledger)

    plan = "\n".join(
        step for statement, values in asked for step in explained(ledger.path, statement, values)
    )
    assert "SEARCH runs" in plan
    assert "SEARCH attempts" in plan
    assert "SCAN runs" not in plan
    assert "SCAN attempts" not in plan


def explained(path: Path, statement: str, values: tuple[object, ...]) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


def _shape(engine: Engine) -> dict[str, object]:
    found = inspect(engine)
    return {
        table: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)],
            found.get_pk_constraint(table)["constrained_columns"],
            sorted(f"{i['column_names']} {_rows_of(i)}" for i in found.get_indexes(table)),
            sorted(str(u["column_names"]) for u in found.get_unique_constraints(table)),
            [(k["constrained_columns"], k["referred_table"]) for k in found.get_foreign_keys(table)],
        )
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def _rows_of(index: ReflectedIndex) -> str:
    """Of which rows it is: SQLite uses it for queries with the same words only."""
    return str(index.get("dialect_options", {}).get("sqlite_where", "all"))


_WRITES_UNTIL_KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from fakes.clock import FakeClock
from rota.core.run import Attempt, Run, RunState, TriggeredBy
from rota.store.ledger import Ledger

async def write(ledger):
    while True:
        run = Run(job="j", number=0, state=RunState.PENDING, triggered_by=TriggeredBy.MANUAL,
                  created_at=datetime(2026, 3, 1, tzinfo=UTC))
        (stored,) = await ledger.add([run])
        print(stored.number, flush=True)

async def main():
    ledger = Ledger.open(Path(sys.argv[1]), FakeClock())
    await asyncio.gather(*(write(ledger) for _ in range(8)))

asyncio.run(main())
"""
