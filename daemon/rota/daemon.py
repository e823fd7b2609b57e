"""The life of the daemon: it begins, says that it is ready, does its rounds, and ends without ending jobs."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from aiohttp import web

from rota.config.daemon_config import DaemonConfig
from rota.config.polling import POLL, polled
from rota.config.watch import changes
from rota.core.errors import RotaError, Unavailable
from rota.core.events import Event, JobsLoaded
from rota.core.words import counted
from rota.engine.advisor import Advisor
from rota.engine.executor import Executor
from rota.engine.health import Health
from rota.engine.jobs import Jobs
from rota.engine.parts import Parts
from rota.engine.recover import take_back
from rota.engine.scheduler import Scheduler
from rota.host.loop_faults import LoopFaults
from rota.host.sockets import Sockets
from rota.host.systemd import Notifier
from rota.process.client import RunnerClient
from rota.process.launch import Launcher
from rota.process.layout import Layout
from rota.store.upkeep import Upkeep
from rota.web.app import build_app
from rota.web.services import Services
from rota.web.sessions import SESSIONS

_RUNNER_PATIENCE = 5.0  # seconds that readiness waits for a runner
_LOOK_EVERY = 0.002  # seconds: an instant that comes due meanwhile waits
_STATUS_EVERY = 5.0  # seconds between two lines for `systemctl status`
_SHUTDOWN_PATIENCE = 2.0  # seconds for requests under way at the end

_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Daemon:
    """Everything that `rota.app` put together. `run` returns the exit status."""

    config: DaemonConfig
    layout: Layout
    sockets: Sockets
    client: RunnerClient
    launcher: Launcher | None
    parts: Parts
    executor: Executor
    scheduler: Scheduler
    jobs: Jobs
    health: Health
    upkeep: Upkeep
    services: Services
    notifier: Notifier
    watchdog: timedelta | None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _terminal: Sequence[int] = field(default_factory=lambda: [fd for fd in (0, 1, 2) if os.isatty(fd)])

    async def run(self) -> int:
        """Begin, go on until told to stop or until a part fails for good, end."""
        self._catch_signals()
        self.parts.bus.subscribe(_keep_loaded)
        await self._begin()
        pages = await self._serve_pages()
        rounds = [asyncio.create_task(each) for each in self._rounds()]
        try:
            await self._announce(pages.app)
            return await self._until_stopped(rounds)
        finally:
            await self._end(pages, rounds)

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(LoopFaults(self.parts.clock))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._on_hangup)

    async def _begin(self) -> None:
        """Jobs on the board, runs of the daemon before taken back; nothing is planned yet."""
        if self.launcher is not None:
            try:
                await self.launcher.ensure()
            except Unavailable as error:
                _log.error("runner.not_started", error=error.message)
        await self.jobs.reload()
        await take_back(self.parts, self.executor)
        await self.jobs.follow_renamed()
        # Only now: of the ends that the runner tells, those of runs that were taken back are still owed.
        await self.client.open()
        await self._see_runner()
        self.health.step()

    async def _see_runner(self) -> None:
        deadline = self.parts.clock.monotonic() + _RUNNER_PATIENCE
        while self.client.facts is None and self.parts.clock.monotonic() < deadline:
            await self.parts.clock.sleep(_LOOK_EVERY)

    async def _serve_pages(self) -> web.AppRunner:
        runner = web.AppRunner(
            build_app(self.services),
            access_log=None,
            shutdown_timeout=_SHUTDOWN_PATIENCE,
            handle_signals=False,
        )
        await runner.setup()
        for listener in (*self.sockets.tcp, self.sockets.unix):
            await web.SockSite(runner, listener).start()
        return runner

    def _rounds(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What goes on for as long as the daemon lives. One that ends is a fault."""
        rounds: list[Coroutine[Any, Any, None]] = [
            self.scheduler.run(self.config.startup_delay),
            self.health.run(),
            self.upkeep.run(),
            Advisor(self.parts).run(),
            self._tell_status(),
        ]
        if self.watchdog is not None:
            rounds.append(self._feed_watchdog(self.watchdog))
        if self.config.reload == "watch":
            rounds.append(self._watch_directories())
        if self.launcher is not None:
            rounds.append(self.launcher.keep(self.client))
        return rounds

    async def _until_stopped(self, rounds: Sequence[asyncio.Task[None]]) -> int:
        stopped = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait([stopped, *rounds], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        for task in done - {stopped}:
            _log.error("daemon.round_ended", round=task.get_coro().__qualname__, exc_info=task.exception())  # type: ignore[union-attr]
            return 1
        return 0

    async def _end(self, pages: web.AppRunner, rounds: Sequence[asyncio.Task[None]]) -> None:
        """Let go of everything. Jobs go on; a runner that was started here and holds nothing ends."""
        self.notifier.stopping("ending; running jobs go on")
        for task in rounds:
            task.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)
        await pages.cleanup()
        going_on = [run.id for run in self.executor.open_runs if run.state.is_active]
        await self.executor.close()
        if self.launcher is not None:
            await self.launcher.end(self.client)
        await self.client.close()
        _log.info("daemon.ended", running=going_on)
        if going_on and sys.stderr.isatty():
            self._say(f"\n{farewell(going_on)}")

    async def _announce(self, app: web.Application) -> None:
        """One line with the address, and on a terminal the link that signs a browser in."""
        jobs = len(self.parts.board.jobs)
        facts = self.client.facts
        ready = {
            "event": "serving",
            "url": self.sockets.url,
            "socket": str(self.sockets.path),
            "jobs": jobs,
            "runnerPid": facts.pid if facts is not None else None,
        }
        if self.config.log_format == "json":
            self._say(json.dumps(ready))
        else:
            self._say(f"rota serves {counted(jobs, 'job')} at {self.sockets.url}")
            await self._offer_link(app)
            self._tell_problems()
        self.notifier.ready(self._status())

    async def _offer_link(self, app: web.Application) -> None:
        if not sys.stdout.isatty():
            return
        with suppress(Unavailable):  # reading works without; `rota link` prints another
            link = await app[SESSIONS].create_link()
            self._say(
                f"to act from a browser, sign it in once: {self.sockets.url}/sign-in?token={link.token}"
            )

    def _tell_problems(self) -> None:
        """At once to whoever sits at the terminal; the page and `rota status` have them, too."""
        if sys.stdout.isatty():
            for problem in self.parts.board.problems:
                self._say(str(problem))

    def _on_hangup(self) -> None:
        """Somebody wants the job files read again; or the terminal was closed, and then the daemon ends."""
        if self._terminal and not any(os.isatty(fd) for fd in self._terminal):
            _write_nowhere(self._terminal)
            self._stop.set()
        else:
            self.executor.spawn(self._reload())

    async def _reload(self) -> None:
        self.notifier.reloading()
        try:
            await self.jobs.reload()
        except RotaError as error:
            _log.warning("jobs.not_reloaded", error=error.message)
        finally:
            self.notifier.ready(self._status())

    async def _watch_directories(self) -> None:
        """The first turn says that watching has begun: what changed since the first read is read then."""
        files = [calendar.ics for calendar in self.config.calendars.values() if calendar.ics]
        try:
            async for turn in changes(self.config.jobs, self.parts.clock, files=files):
                await self._read_again(turn.is_overtaken)
        except Unavailable as error:
            _log.error("jobs.not_watched", error=error.message, instead=f"a look every {POLL.seconds} s")
            self.parts.board.unwatched = f"looked at every {POLL.seconds} s only. {error.message}"
            async for _ in polled(self.config.jobs, self.parts.clock, files=files):
                await self._read_again()

    async def _read_again(self, overtaken: Callable[[], bool] = lambda: False) -> None:
        try:
            await self.jobs.reload(overtaken=overtaken)
        except (
            RotaError
        ) as error:  # such as a ledger that can't note it now: the files are watched all the same
            _log.warning("jobs.not_reloaded", error=error.message)

    async def _feed_watchdog(self, interval: timedelta) -> None:
        """Signs of life for systemd, for as long as the planner looks at its clock."""
        while True:
            if self.scheduler.tick_lag < interval / 2:
                self.notifier.watchdog()
            await self.parts.clock.sleep(interval.total_seconds() / 4)

    async def _tell_status(self) -> None:
        told = ""
        while True:
            status = self._status()
            if status != told:
                self.notifier.status(status)
                told = status
            await self.parts.clock.sleep(_STATUS_EVERY)

    def _status(self) -> str:
        running = sum(1 for run in self.executor.open_runs if run.state.is_active)
        problems = len(self.parts.board.problems)
        ending = f", {counted(problems, 'problem')} in job files" if problems else ""
        ending += ", draining" if self.parts.board.draining_since is not None else ""
        return f"{counted(len(self.parts.board.jobs), 'job')}, {running} running{ending}; {self.sockets.url}"

    @staticmethod
    def _say(line: str) -> None:
        print(line, flush=True)  # noqa: T201  the one thing the daemon prints is where it is


def farewell(runs: Sequence[str]) -> str:
    """What goes on without the daemon, and how to see it and end it all the same."""
    one = len(runs) == 1
    return (
        f"Still running: {', '.join(runs)}. {'It goes' if one else 'They go'} on without the daemon.\n"
        f"Start rota again to see the end{' of each' if not one else ''}, "
        f"or to end {'it' if one else 'one'}: rota cancel {runs[0]}"
    )


def _keep_loaded(event: Event) -> None:
    """What was just loaded stays: to look for garbage among thousands of jobs would stall the loop."""
    if isinstance(event, JobsLoaded):
        gc.freeze()


def _write_nowhere(fds: Sequence[int]) -> None:
    """The last words to a terminal that is gone would fail."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in fds:
        os.dup2(nowhere, fd)
    os.close(nowhere)
