"""The ledger: what ran, what runs and what was skipped, in one SQLite file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import Connection, Engine, delete, insert, select, text

from rota.core.batch import Chunk, Known
from rota.core.errors import StoreDamaged
from rota.core.instant import to_ms
from rota.core.run import Run
from rota.core.seams import Clock, JobRecord, Pause, RunBar, RunPage, RunQuery
from rota.store import backup, chunks, queries, renames, schema
from rota.store.database import damaged, named_errors, open_engine
from rota.store.entries import Entries
from rota.store.rows import clean, pause_row
from rota.store.tables import definitions, facts, meta, pauses
from rota.store.writer import Writer

T = TypeVar("T")

_READERS = 3
_QUICK_CHECK_BELOW = 64 * 1024 * 1024  # bytes; larger ones are checked daily instead of at each start


class Ledger:
    """The seam `core.seams.Store` for real. Every write is on the disk when its call returns.

    Raises Unavailable when the disk is full, the file is locked, damaged or not in its place: nothing of
    that call is stored then.
    """

    @classmethod
    def open(cls, path: Path, clock: Clock) -> Ledger:
        """Open that file, or make it; its schema is brought up to date, after a backup.

        Blocks. Raises StoreDamaged when it can't be read, UsageError when a newer rota wrote it, Unavailable
        when it is locked or can't be written. One daemon at a time: the caller holds the lock of the state
        directory.
        """
        engine = open_engine(path, writes=True)
        try:
            with named_errors(path):
                identity = _prepare(engine, path)
        except BaseException:
            engine.dispose()
            raise
        return cls(path, clock, engine, identity)

    def __init__(self, path: Path, clock: Clock, engine: Engine, identity: str) -> None:
        """Use `Ledger.open`."""
        self.path = path
        self.id = identity  # UUID of this ledger, for as long as it lives
        self.saved_definitions: set[str] = set()  # hashes, since it was opened
        self.damage: tuple[str, ...] = ()  # what was met while working with it, one sentence
        self._clock = clock
        self._entries = Entries()
        self._writer = Writer(engine, path, finish=self._entries.flush, forget=self._entries.forget)
        self._reading = open_engine(path, connections=_READERS)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="rota-ledger-reader")

    async def close(self) -> None:
        """Finish what is queued and let go of the file."""
        await self._writer.close()
        self._readers.shutdown(wait=True)
        self._reading.dispose()

    @property
    def writing(self) -> int | None:
        """The number of the transaction that is being written now, None between two of them."""
        return self._writer.transactions if self._writer.is_busy else None

    @property
    def log_size(self) -> int:
        """Bytes of the write-ahead log, which waits to be taken over into the ledger."""
        try:
            return self.path.with_name(f"{self.path.name}-wal").stat().st_size
        except OSError:
            return 0

    async def add(self, runs: Sequence[Run], shortened: Sequence[Run] = ()) -> Sequence[Run | None]:
        return await self.write(lambda connection: self._entries.add(connection, runs, shortened))

    async def save(self, run: Run, *, instead_of: Run | None = None, parent: Run | None = None) -> None:
        await self.write(lambda connection: self._entries.save(connection, run, instead_of, parent))

    async def add_children(self, children: Sequence[Run]) -> None:
        await self.write(lambda connection: self._entries.add_children(connection, children))

    async def save_chunks(self, parent: str, first: int, found: Sequence[Chunk]) -> None:
        await self.write(lambda connection: chunks.save(connection, parent, first, found))

    async def chunks(self, parent: str, after: int, most: int, *, undone: bool = False) -> Sequence[Chunk]:
        return await self.read(lambda connection: chunks.read(connection, parent, after, most, undone=undone))

    async def known_children(self, parent: str) -> Known:
        return await self.read(lambda connection: chunks.read_known(connection, parent))

    async def save_records(self, records: Sequence[JobRecord]) -> None:
        await self.write(lambda connection: self._entries.save_records(connection, records))

    async def run(self, job: str, number: int) -> Run | None:
        return await self.read(lambda connection: queries.read_run(connection, job, number))

    async def latest(self, job: str) -> Run | None:
        return await self.read(lambda connection: queries.read_latest(connection, job))

    async def answers(self, job: str, since: datetime, until: datetime, limit: int = 1000) -> Sequence[Run]:
        return await self.read(lambda connection: queries.read_answers(connection, job, since, until, limit))

    async def ends(self, job: str, since: datetime) -> Sequence[Run]:
        return await self.read(lambda connection: queries.read_ends(connection, job, since))

    async def last_skips(self) -> Mapping[str, Run]:
        return await self.read(queries.read_last_skips)

    async def runs(self, query: RunQuery) -> RunPage:
        return await self.read(lambda connection: queries.read_page(connection, query))

    async def unfinished(self) -> Sequence[Run]:
        return await self.read(queries.read_unfinished)

    async def bars(self, limit: int, jobs: Sequence[str] | None = None) -> Mapping[str, Sequence[RunBar]]:
        return await self.read(lambda connection: queries.read_bars(connection, limit, jobs))

    async def records(self) -> Mapping[str, JobRecord]:
        return await self.read(queries.read_records)

    async def pauses(self) -> Mapping[str, Pause]:
        return await self.read(queries.read_pauses)

    async def save_pauses(self, wishes: Mapping[str, Pause | None]) -> None:
        await self.write(lambda connection: _save_pauses(connection, wishes))

    async def rename(self, old: str, new: str, waiting: Sequence[int] = ()) -> bool:
        def write(connection: Connection) -> bool:
            self._entries.flush(connection)
            moved = renames.rename(connection, old, new, waiting)
            self._entries.forget()
            return moved

        return await self.write(write)

    async def renamed(self, old: str) -> str | None:
        return await self.read(lambda connection: renames.renamed(connection, old))

    async def save_definitions(self, texts: Mapping[str, str]) -> None:
        self.saved_definitions |= texts.keys()
        await self.write(lambda connection: _save_definitions(connection, texts))

    async def definition(self, hash_: str) -> str | None:
        return await self.read(lambda connection: queries.read_definition(connection, hash_))

    async def remember(self, scope: str, key: str, value: str, expires_at: datetime) -> None:
        fact = {"scope": scope, "key": key, "value": value, "expires_at": to_ms(expires_at)}

        def write(connection: Connection) -> None:
            _forget(connection, scope, key)
            connection.execute(insert(facts), fact)

        await self.write(write)

    async def recall(self, scope: str, key: str) -> str | None:
        now = to_ms(self._clock.now())
        return await self.read(lambda connection: queries.read_fact(connection, scope, key, now))

    async def forget(self, scope: str, key: str) -> None:
        await self.write(lambda connection: _forget(connection, scope, key))

    def deleting(self, gone: Sequence[tuple[str, int]]) -> Callable[[Connection], None]:
        """The work, for `write`, of removing runs by (job, number), with their attempts."""
        return lambda connection: self._entries.delete(connection, gone)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """`work` inside the writer's next transaction; for the modules of this package. It may be called
        twice.
        """
        try:
            return await self._writer.write(work)
        except StoreDamaged as error:
            self.damage = (error.cause,)
            raise

    async def read(self, work: Callable[[Connection], T]) -> T:
        """`work` in a read transaction of its own, beside the writer; for the modules of this package."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            with named_errors(self.path), self._reading.connect() as connection:
                return work(connection)
        except StoreDamaged as error:
            self.damage = (error.cause,)
            raise


def _prepare(engine: Engine, path: Path) -> str:
    with engine.connect() as connection:
        found = schema.version(connection)
        if path.stat().st_size < _QUICK_CHECK_BELOW:
            _refuse_damaged(connection, path)
    schema.refuse_newer(found, path)
    if 0 < found < schema.NEWEST:
        backup.backup(path, backup.backup_folder(path) / f"before-schema-{schema.NEWEST}.db")
    with engine.begin() as connection:
        if found < schema.NEWEST:
            schema.upgrade(connection)
        return _identity(connection)


def _refuse_damaged(connection: Connection, path: Path) -> None:
    found: str = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
    if found != "ok":
        raise damaged(path, found)


def _identity(connection: Connection) -> str:
    known: str | None = connection.scalar(select(meta.c.value).where(meta.c.key == "id"))
    if known is not None:
        return known
    fresh = str(uuid4())
    connection.execute(insert(meta), {"key": "id", "value": fresh})
    return fresh


def _save_definitions(connection: Connection, texts: Mapping[str, str]) -> None:
    hashes = list(texts)
    known: set[str] = set()
    for start in range(0, len(hashes), 500):
        wanted = select(definitions.c.hash).where(definitions.c.hash.in_(hashes[start : start + 500]))
        known |= set(connection.scalars(wanted))
    rows = [{"hash": hash_, "text": texts[hash_]} for hash_ in hashes if hash_ not in known]
    if rows:
        connection.execute(insert(definitions), rows)


def _save_pauses(connection: Connection, wishes: Mapping[str, Pause | None]) -> None:
    if not wishes:
        return
    connection.execute(delete(pauses).where(pauses.c.scope.in_([clean(scope) for scope in wishes])))
    rows = [pause_row(pause) for pause in wishes.values() if pause is not None]
    if rows:
        connection.execute(insert(pauses), rows)


def _forget(connection: Connection, scope: str, key: str) -> None:
    connection.execute(delete(facts).where(facts.c.scope == scope, facts.c.key == key))
