"""The composition root: reads the configuration, builds the object graph, and runs the daemon.

The only place that names the concrete clock, ids, store and process runner.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from rota import __version__
from rota.config import daemon_config
from rota.config.admission import admit
from rota.config.calendars import Calendars
from rota.config.daemon_config import DaemonConfig
from rota.config.folder import writable_at
from rota.config.jobset import JobReader
from rota.config.parse import Surroundings, restore
from rota.config.retention import retention_in
from rota.core.board import Board
from rota.core.errors import RotaError, UsageError
from rota.core.model import JobSet, JobSpec, Source
from rota.core.retention import log_limit
from rota.core.room import Room
from rota.core.seams import Boot, Clock, Ids, JobRecord, ProcessRunner, Store
from rota.daemon import Daemon
from rota.engine.bus import Bus
from rota.engine.clock import SystemClock
from rota.engine.executor import Executor
from rota.engine.health import Disk, Health, Probes
from rota.engine.jobs import Jobs
from rota.engine.keeping import Keeping
from rota.engine.operations import Operations
from rota.engine.parts import Parts
from rota.engine.scheduler import Scheduler
from rota.host import listen
from rota.host.boot import read_boot, remembered
from rota.host.command import own_command
from rota.host.lock import lock_state
from rota.host.logs import configure
from rota.host.sockets import Sockets, open_sockets
from rota.host.systemd import Notifier, take_sockets, take_watchdog_interval
from rota.process.client import RunnerClient
from rota.process.environment import Place
from rota.process.files import allow_many_files
from rota.process.launch import Launcher
from rota.process.layout import PACKAGED_RUNNER_SOCKET, Layout, find_layout
from rota.process.output import Logs
from rota.store.backup import ledger_path
from rota.store.ids import SystemIds
from rota.store.ledger import Ledger
from rota.store.upkeep import Keep, Upkeep
from rota.web.services import Services

FAILED, UNUSABLE = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What the command line asked for; None where it said nothing."""

    jobs_dirs: tuple[Path, ...] = ()
    config: Path | None = None
    listen: str | None = None
    state: Path | None = None
    socket: Path | None = None
    log: Literal["text", "json"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What stands behind the seams; a test puts something else in front of the real thing."""

    clock: Clock = field(default_factory=SystemClock)
    ids: Callable[[Clock], Ids] = SystemIds
    store: Callable[[Ledger], Store] = lambda ledger: ledger
    runner: Callable[[RunnerClient], ProcessRunner] = lambda client: client
    boot: Callable[[], Boot] = read_boot


def serve(options: ServeOptions, wiring: Wiring | None = None) -> int:
    """Run the daemon until it is told to end. Exit status: 0 as told, 1 it failed, 2 it could not begin."""
    try:
        config = _configured(options)
        configure(config.log_format)
        environ = os.environ
        passed = [found.socket for found in take_sockets(environ, os.getpid())]
        allow_many_files()
        layout = find_layout(environ, uid=os.getuid(), state=options.state, socket=options.socket)
        with lock_state(layout.state), open_sockets(passed, config.listen, layout.socket) as sockets:
            return asyncio.run(_run(config, layout, sockets, wiring or Wiring()))
    except RotaError as error:
        print(f"rota serve: {error.message}", file=sys.stderr)  # noqa: T201  before there is a log
        return UNUSABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What all parts are made of."""

    config: DaemonConfig
    layout: Layout
    sockets: Sockets
    ledger: Ledger
    wiring: Wiring
    client: RunnerClient
    logs: Logs


async def _run(config: DaemonConfig, layout: Layout, sockets: Sockets, wiring: Wiring) -> int:
    ledger = Ledger.open(ledger_path(layout.state), wiring.clock)
    given = _Given(
        config=config,
        layout=layout,
        sockets=sockets,
        ledger=ledger,
        wiring=wiring,
        client=RunnerClient(layout.runner_socket, clock=wiring.clock, ledger=ledger.id),
        logs=Logs(layout.runner_state),
    )
    try:
        daemon = await _assemble(given)
        return await daemon.run()
    finally:
        await ledger.close()


async def _assemble(given: _Given) -> Daemon:
    config, layout, clock = given.config, given.layout, given.wiring.clock
    parts = _parts(given)
    executor = Executor(parts)
    scheduler, jobs = await _planning(given, parts, executor)
    operations = Operations(parts, executor, jobs, keeps=config.retention.rows)
    upkeep = Upkeep(given.ledger, clock, _keep(config, layout, parts.board), given.client.remove)
    return Daemon(
        config=config,
        layout=layout,
        sockets=given.sockets,
        client=given.client,
        launcher=_launcher(layout, clock),
        parts=parts,
        executor=executor,
        scheduler=scheduler,
        jobs=jobs,
        health=Health(parts, _probes(given, scheduler, upkeep)),
        upkeep=upkeep,
        services=_services(given, parts, operations),
        notifier=Notifier.take(os.environ),
        watchdog=take_watchdog_interval(os.environ, os.getpid()),
    )


def _parts(given: _Given) -> Parts:
    config, wiring, clock = given.config, given.wiring, given.wiring.clock
    host = config.host or listen.host_name()
    room = Room(config.pools, config.max_running)
    state = str(given.layout.state)
    return Parts(
        clock=clock,
        ids=wiring.ids(clock),
        store=wiring.store(given.ledger),
        runner=wiring.runner(given.client),
        board=Board(host=host, timezone=config.timezone, started_at=clock.now(), room=room),
        bus=Bus(),
        logs=given.logs,
        place=Place(host=host, url=given.sockets.url, command=own_command(), state=state),
        boot_id=listen.boot_id(),
    )


async def _planning(given: _Given, parts: Parts, executor: Executor) -> tuple[Scheduler, Jobs]:
    """What makes jobs due, and the jobs: at first the last good versions of those whose files are broken."""
    clock, ledger = parts.clock, given.ledger
    records = dict(await ledger.records())
    scheduler = Scheduler(
        clock=clock,
        board=parts.board,
        records=records,
        carry_out=executor.carry_out,
        publish=parts.bus.publish,
    )
    scheduler.know(parts.store, await remembered(given.wiring.boot(), parts.store, clock.now()))
    parts.bus.subscribe(scheduler.hear)
    surroundings = _surroundings(given.config, parts.board.host, clock)
    reader = JobReader(given.config.jobs, surroundings)
    found = await asyncio.to_thread(reader.read)
    last_good = await _last_good(ledger, records, reader, found, surroundings)
    first = None if last_good.jobs else found
    jobs = Jobs(parts, executor, records, _reading(reader, first), scheduler.load)
    jobs.start_from(last_good)
    return scheduler, jobs


def _services(given: _Given, parts: Parts, operations: Operations) -> Services:
    config, sockets = given.config, given.sockets
    return Services(
        board=parts.board,
        operations=operations,
        store=parts.store,
        logs=given.logs,
        bus=parts.bus,
        clock=parts.clock,
        ids=parts.ids,
        url=lambda: sockets.url,
        version=_version(),
        epoch=secrets.token_hex(4),
        hosts=config.web_hosts,
        timezone=config.timezone,
        pools=config.pools,
        max_running=config.max_running,
    )


def _probes(given: _Given, scheduler: Scheduler, upkeep: Upkeep) -> Probes:
    ledger, client, layout = given.ledger, given.client, given.layout
    return Probes(
        tick_lag=lambda: scheduler.tick_lag,
        jumps=lambda: scheduler.jumps,
        disks=lambda: _disks(layout),
        runner_problem=lambda: client.problem,
        damage=lambda: ledger.damage or upkeep.damage,
        writing=lambda: ledger.writing,
        waiting=lambda: ledger.log_size,
    )


def _configured(options: ServeOptions) -> DaemonConfig:
    """`rota.yaml` with what the command line says over it. Raises UsageError with every problem."""
    config = DaemonConfig()
    if options.config is not None:
        read = daemon_config.read(options.config)
        if not isinstance(read, DaemonConfig):
            raise UsageError("the configuration has problems\n" + "\n".join(str(problem) for problem in read))
        config = read
    directories = tuple(path.absolute() for path in options.jobs_dirs) or config.jobs
    if not directories:
        raise UsageError("no job directory: name one (rota serve jobs.d), or set `jobs` in rota.yaml")
    return replace(
        config,
        jobs=directories,
        listen=options.listen or config.listen,
        log_format=options.log or config.log_format,
    )


def _surroundings(config: DaemonConfig, host: str, clock: Clock) -> Surroundings:
    return Surroundings(
        timezone=config.timezone,
        host=host,
        pools=config.pools,
        calendars=Calendars(config.calendars, now=clock.now),
    )


def _reading(reader: JobReader, first: JobSet | None) -> Callable[[JobSet, bool], Awaitable[JobSet]]:
    """`first`: what was read a moment ago, when nothing of an earlier set can change it."""
    known = [] if first is None else [first]

    async def read(previous: JobSet, confirm: bool) -> JobSet:
        # Thousands of files take a while; runs and pages go on meanwhile.
        found = known.pop() if known else await asyncio.to_thread(reader.read, previous)
        return admit(previous, found, confirm=confirm)

    return read


async def _last_good(
    ledger: Ledger,
    records: Mapping[str, JobRecord],
    reader: JobReader,
    found: JobSet,
    surroundings: Surroundings,
) -> JobSet:
    """Jobs that an earlier daemon knew and whose files are broken now (`found`), in the version it knew."""
    if all(problem.severity != "error" for problem in found.problems):
        return JobSet()
    known = {}
    for record in records.values():
        spec = await _remembered(ledger, record, surroundings) if record.job not in found.jobs else None
        if spec is not None:
            known[record.job] = spec
    # Only those that a broken file still claims: the others were removed on purpose.
    kept = await asyncio.to_thread(reader.read, JobSet(jobs=known))
    return JobSet(jobs={job: kept.jobs[job] for job in kept.stale})


async def _remembered(ledger: Ledger, record: JobRecord, surroundings: Surroundings) -> JobSpec | None:
    text = await ledger.definition(record.definition)
    if text is None:
        return None
    source = Source(file=record.source_file, line=record.source_line, directory=record.source_directory)
    source = replace(source, writable=writable_at(source.path))
    return restore(record.job, text, source, surroundings)


def _launcher(layout: Layout, clock: Clock) -> Launcher | None:
    """None where the runner has a unit of its own: then systemd starts it."""
    return None if layout.runner_socket == PACKAGED_RUNNER_SOCKET else Launcher(layout, clock=clock)


def _keep(config: DaemonConfig, layout: Layout, board: Board) -> Keep:
    kept = config.retention

    def limit() -> int:
        try:
            disk = shutil.disk_usage(layout.runner_state)
        except OSError:  # not made yet, or not for this user to see
            disk = shutil.disk_usage(layout.state)
        return log_limit(disk.total, size=kept.logs_size, share=kept.logs_share)

    return Keep(rules=Keeping(board, kept.kept, retention_in), log_limit=limit)


def _disks(layout: Layout) -> list[Disk]:
    """Where runs are recorded, and where their logs are written: often, but not always, the same."""
    found = []
    for folder, what in ((layout.state, "runs are recorded"), (layout.runner_state, "logs are written")):
        with suppress(OSError):  # not made yet, not for this user to see, or gone: others tell of that
            usage = shutil.disk_usage(folder)
            found.append(Disk(free=usage.free, total=usage.total, what=what))
    return found


def _version() -> str:
    try:
        return version("rota")
    except PackageNotFoundError:
        return __version__
