"""The engine on the real ledger and the real runner: what a shell script does is what the run says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from eventually import eventually
from fakes.jobs import a_job
from rota.core.board import Board
from rota.core.events import Event, LogAppended
from rota.core.model import JobSet, JobSpec, Limits, Retry, Script, StepSpec
from rota.core.run import Reason, Run, RunState
from rota.core.seams import AttemptRef
from rota.engine.bus import Bus
from rota.engine.clock import SystemClock
from rota.engine.executor import Executor
from rota.engine.jobs import Jobs
from rota.engine.operations import Operations
from rota.engine.parts import Parts
from rota.engine.recover import take_back
from rota.host.listen import boot_id
from rota.process.environment import Place
from rota.process.output import Logs
from rota.store.ids import SystemIds
from rota.store.ledger import Ledger
from runner_process import RunnerProcess, soon


def a_script(text: str, *, steps: tuple[str, ...] = (), **settings: object) -> JobSpec:
    """A job of one shell script, or of one per step."""
    scripts = steps or (text,)
    spec = a_job(steps=tuple(f"s{n}" for n in range(len(scripts))) if steps else ())
    work = tuple(
        StepSpec(id=step.id, work=Script(text=script))
        for step, script in zip(spec.steps, scripts, strict=True)
    )
    return replace(spec, steps=work, cwd="/", **settings)  # type: ignore[arg-type]


class Engine:
    """One life of a daemon's engine; `again` is the next one over the same ledger and runner."""

    def __init__(self, runner: RunnerProcess, spec: JobSpec) -> None:
        self._runner = runner
        self._spec = spec
        self.events: list[Event] = []
        self._news = asyncio.Event()

    async def begin(self) -> None:
        clock = SystemClock()
        self.ledger = Ledger.open(self._runner.folder / "ledger.db", clock)
        self.client = self._runner.client(self.ledger.id)
        await self.client.open()
        bus = Bus()
        bus.subscribe(self._hear)
        self.parts = Parts(
            clock=clock,
            ids=SystemIds(clock),
            store=self.ledger,
            runner=self.client,
            board=Board(host="here", started_at=clock.now()),
            bus=bus,
            logs=Logs(self._runner.state),
            place=Place(host="here", url="http://127.0.0.1:8321"),
            boot_id=boot_id(),
        )
        self.executor = Executor(self.parts)
        jobs = Jobs(self.parts, self.executor, {}, read=self._read, load=lambda jobs, now: [])
        self.operations = Operations(self.parts, self.executor, jobs)
        await jobs.reload()
        await take_back(self.parts, self.executor)

    async def end(self) -> None:
        """As a kill: nobody is told, nothing is ended."""
        await self.executor.close()
        await self.client.close()
        await self.ledger.close()

    async def again(self) -> None:
        await self.end()
        await self.begin()

    async def run(self) -> Run:
        run = await self.operations.run_now("backup")
        return await self.until(lambda now: now.state.is_final, run)

    async def until(self, holds: Callable[[Run], bool], run: Run) -> Run:
        """The run once that holds of it in the ledger."""

        async def wait() -> Run:
            while True:
                self._news.clear()
                found = await self.ledger.run(run.job, run.number)
                if found is not None and holds(found):
                    return found
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await self._news.wait()

        return await soon(wait())

    def text(self, run: Run, index: int = -1) -> str:
        attempt = run.attempts[index]
        ref = AttemptRef(id=attempt.id, job=run.job, number=run.number, step=attempt.step, n=attempt.n)
        return "\n".join(line.text for line in Logs(self._runner.state).page(ref).lines)

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def _read(self, previous: JobSet, confirm: bool) -> JobSet:
        return JobSet(jobs={self._spec.id: self._spec})


@pytest.fixture
def runner() -> Iterator[RunnerProcess]:
    runner = RunnerProcess()
    yield runner
    runner.clean()


@contextlib.asynccontextmanager
async def an_engine(runner: RunnerProcess, spec: JobSpec) -> AsyncIterator[Engine]:
    engine = Engine(runner, spec)
    await engine.begin()
    try:
        yield engine
    finally:
        await engine.end()


async def test_a_script_runs_to_its_end_with_log_markers_and_outputs(runner: RunnerProcess) -> None:
    script = 'echo one; echo "::progress 1/2 half"; echo "::output size=42"; echo "rows=7" > $ROTA_OUTPUT'
    async with an_engine(runner, a_script(script)) as engine:
        run = await engine.run()

        assert (run.state, run.exit_code) == (RunState.COMPLETED, 0)
        assert run.result == {"size": "42", "rows": "7"}
        assert run.progress.percent == 100
        assert engine.text(run) == "one"
        shown = [
            line.text for event in engine.events if isinstance(event, LogAppended) for line in event.lines
        ]
        assert shown == ["one"]


async def test_outputs_that_can_not_be_read_leave_a_warning(runner: RunnerProcess) -> None:
    async with an_engine(runner, a_script("ln -s /etc/hostname $ROTA_OUTPUT")) as engine:
        run = await engine.run()

        assert (run.state, run.result) == (RunState.COMPLETED, {})
        assert run.warnings == ("$ROTA_OUTPUT was not read: it is a link",)


async def test_a_failing_script_is_tried_again_and_recovers(runner: RunnerProcess, tmp_path: Path) -> None:
    script = f"echo x >> {tmp_path}/tries; test $(wc -l < {tmp_path}/tries) -ge 3"
    retry = Retry(attempts=3, delay=timedelta(milliseconds=10))
    async with an_engine(runner, a_script(script, retry=retry)) as engine:
        run = await engine.run()

        assert (run.state, run.attempt) == (RunState.COMPLETED, 3)
        assert [attempt.exit_code for attempt in run.attempts] == [1, 1, 0]


async def test_steps_hand_their_outputs_on(runner: RunnerProcess) -> None:
    steps = ('echo "::output size=42"', 'test "$STEPS_S0_OUTPUTS_SIZE" = 42')
    async with an_engine(runner, a_script("", steps=steps)) as engine:
        run = await engine.run()

        assert run.state is RunState.COMPLETED
        assert [attempt.step for attempt in run.attempts] == ["s0", "s1"]


async def test_a_program_that_is_not_there_says_so(runner: RunnerProcess) -> None:
    spec = a_script("")
    missing = replace(spec, cwd="/nowhere/at/all")
    async with an_engine(runner, missing) as engine:
        run = await engine.run()

        assert (run.state, run.reason) == (RunState.FAILED, Reason.REFUSED)
        assert "/nowhere/at/all" in run.message


async def test_a_timeout_is_enforced_and_named(runner: RunnerProcess) -> None:
    limits = Limits(timeout=timedelta(milliseconds=200), grace=timedelta(seconds=2))
    async with an_engine(runner, a_script("sleep 60", limits=limits)) as engine:
        run = await engine.run()

        assert (run.state, run.reason, run.message) == (
            RunState.FAILED,
            Reason.TIMEOUT,
            "timed out after 0.2 s",
        )


async def test_cancel_ends_the_whole_of_it(runner: RunnerProcess) -> None:
    async with an_engine(runner, a_script("sleep 60 & sleep 60")) as engine:
        run = await engine.operations.run_now("backup")
        await engine.until(lambda now: now.state is RunState.RUNNING, run)

        await engine.operations.cancel(run.id)
        run = await engine.until(lambda now: now.state.is_final, run)

        assert run.state is RunState.CANCELLED


async def test_a_run_outlives_the_daemon_and_is_taken_back_with_its_log(
    runner: RunnerProcess, tmp_path: Path
) -> None:
    script = f"echo before; echo '::output a=1'; until test -e {tmp_path}/go; do sleep 0.05; done; echo after"
    async with an_engine(runner, a_script(script)) as engine:
        run = await engine.operations.run_now("backup")
        await engine.until(lambda now: now.state is RunState.RUNNING, run)

        await engine.again()
        (tmp_path / "go").touch()
        run = await engine.until(lambda now: now.state.is_final, run)

        assert run.state is RunState.COMPLETED
        assert run.result == {"a": "1"}
        assert engine.text(run) == "before\nafter"
        assert len(run.attempts) == 1


async def test_an_end_while_no_daemon_looked_is_learned_afterwards(
    runner: RunnerProcess, tmp_path: Path
) -> None:
    script = f"until test -e {tmp_path}/go; do sleep 0.05; done; exit 7"
    async with an_engine(runner, a_script(script)) as engine:
        run = await engine.operations.run_now("backup")
        run = await engine.until(lambda now: now.state is RunState.RUNNING, run)
        await engine.end()
        (tmp_path / "go").touch()
        exit_file = runner.state / "backup" / str(run.number) / "main.1" / "exit"
        await soon(asyncio.to_thread(_wait_for, exit_file))

        await engine.begin()
        run = await engine.until(lambda now: now.state.is_final, run)

        assert (run.state, run.exit_code) == (RunState.FAILED, 7)


async def test_a_run_outlives_its_runner_too(runner: RunnerProcess, tmp_path: Path) -> None:
    script = f"until test -e {tmp_path}/go; do sleep 0.05; done; echo '::output a=1'"
    async with an_engine(runner, a_script(script)) as engine:
        run = await engine.operations.run_now("backup")
        await engine.until(lambda now: now.state is RunState.RUNNING, run)
        runner.kill9()
        await engine.end()
        runner.start()

        await engine.begin()
        (tmp_path / "go").touch()
        run = await engine.until(lambda now: now.state.is_final, run)

        # Its status died with the runner that was its parent; what it wrote did not.
        assert run.reason is Reason.UNKNOWN
        assert run.result == {"a": "1"}


def _wait_for(file: Path) -> None:
    eventually(file.exists)
