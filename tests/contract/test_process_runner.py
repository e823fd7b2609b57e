"""What every process runner promises: the same tests over the one in memory and the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from fakes.clock import FakeClock
from fakes.hands import Hands
from rota.core.seams import (
    AttemptRef,
    AttemptWhere,
    EndCause,
    Ended,
    Grew,
    ProcessRunner,
    Refused,
    RunnerEvent,
    Started,
    StartOrder,
)
from rota.engine.parts import AttemptLogs
from rota.process.output import Logs
from runner_process import PATH, RunnerProcess, soon


@dataclass
class Contract:
    """A runner, the logs it writes, and how to say what a job does in its own terms."""

    runner: ProcessRunner
    logs: AttemptLogs
    _n: int = 0

    def order(self, *argv: str) -> StartOrder:
        self._n += 1
        ref = AttemptRef(id=str(uuid4()), job="job", number=self._n, step="main", n=1)
        return StartOrder(ref=ref, argv=argv, env={"PATH": PATH}, cwd="/")

    async def events(self, ref: AttemptRef) -> list[RunnerEvent]:
        async def collect() -> list[RunnerEvent]:
            return [event async for event in self.runner.watch(ref)]

        return await soon(collect())

    async def where(self, ref: AttemptRef) -> AttemptWhere:
        return (await soon(self.runner.report([ref])))[ref.id].where


class Played(Hands):
    """Knows the few programs of these tests."""

    async def start(self, order: StartOrder) -> Started | Refused:
        self.refuse = None
        if order.argv == ("no-such-program",):
            self.refuse = Refused(code="ENOENT", message="no program no-such-program")
        answer = await super().start(order)
        match order.argv:
            case ("echo", *words):
                self.process().write(" ".join(words) + "\n")
                self.process().end()
            case ("false",):
                self.process().end(1)
        return answer


@pytest.fixture(params=["memory", "real"])
async def contract(request: pytest.FixtureRequest) -> AsyncIterator[Contract]:
    if request.param == "memory":
        played = Played(clock=FakeClock())
        yield Contract(played, played)
        return
    process = RunnerProcess()
    client = process.client()
    await client.open()
    await soon(client.report([AttemptRef(id="first", job="job", number=1, step="main", n=1)]))
    yield Contract(client, Logs(process.state))
    await client.close()
    process.clean()


async def test_it_says_as_whom_jobs_run(contract: Contract) -> None:
    facts = contract.runner.facts

    assert facts is not None
    assert facts.user
    assert facts.home.startswith("/")
    assert len(facts.boot_id) == 36


async def test_a_start_is_answered_with_the_process(contract: Contract) -> None:
    order = contract.order("sleep", "60")

    started = await soon(contract.runner.start(order))

    assert isinstance(started, Started)
    assert started.pid > 0
    assert await contract.where(order.ref) is AttemptWhere.LIVE


async def test_the_same_order_again_gets_the_same_answer(contract: Contract) -> None:
    order = contract.order("sleep", "60")

    first = await soon(contract.runner.start(order))

    assert await soon(contract.runner.start(order)) == first


async def test_a_watch_tells_growth_then_one_end_and_is_over(contract: Contract) -> None:
    order = contract.order("echo", "hello")
    await soon(contract.runner.start(order))

    *grown, ended = await contract.events(order.ref)

    assert isinstance(ended, Ended)
    assert (ended.cause, ended.exit_code, ended.log_size) == (EndCause.EXIT, 0, 6)
    assert all(isinstance(event, Grew) and event.size <= 6 for event in grown)


async def test_the_log_can_be_read_when_the_end_is_told(contract: Contract) -> None:
    order = contract.order("echo", "hello")
    await soon(contract.runner.start(order))
    await contract.events(order.ref)

    written = contract.logs.read_from(order.ref, 0, 0, final=True)

    assert [line.text for line in written.lines] == ["hello"]
    assert (written.offset, written.line) == (6, 1)


async def test_an_end_can_be_watched_for_after_it_came(contract: Contract) -> None:
    order = contract.order("false")
    await soon(contract.runner.start(order))
    first = await contract.events(order.ref)

    again = await contract.events(order.ref)

    assert again[-1] == first[-1]
    assert await contract.where(order.ref) is AttemptWhere.ENDED


async def test_an_end_that_was_acknowledged_is_still_reported(contract: Contract) -> None:
    order = contract.order("false")
    await soon(contract.runner.start(order))
    await contract.events(order.ref)

    await contract.runner.ack(order.ref)

    report = (await soon(contract.runner.report([order.ref])))[order.ref.id]
    assert report.ended is not None
    assert report.ended.exit_code == 1


@pytest.mark.parametrize(("immediately", "signal"), [(False, 15), (True, 9)])
async def test_terminating_ends_it_as_killed(contract: Contract, immediately: bool, signal: int) -> None:
    order = contract.order("sleep", "60")
    await soon(contract.runner.start(order))

    await contract.runner.terminate(order.ref, immediately=immediately)
    ended = (await contract.events(order.ref))[-1]

    assert isinstance(ended, Ended)
    assert (ended.cause, ended.exit_code, ended.signal) == (EndCause.KILLED, None, signal)


async def test_terminating_what_has_ended_changes_nothing(contract: Contract) -> None:
    order = contract.order("false")
    await soon(contract.runner.start(order))
    ended = (await contract.events(order.ref))[-1]

    await contract.runner.terminate(order.ref)

    assert (await contract.events(order.ref))[-1] == ended


async def test_two_watches_at_different_attempts_do_not_mix(contract: Contract) -> None:
    good, bad = contract.order("echo", "hello"), contract.order("false")
    await soon(asyncio.gather(contract.runner.start(good), contract.runner.start(bad)))

    ends = [(await contract.events(order.ref))[-1] for order in (good, bad)]

    assert [end.exit_code for end in ends if isinstance(end, Ended)] == [0, 1]


async def test_what_was_never_started_is_absent_and_its_watch_ends_as_unknown(contract: Contract) -> None:
    ref = contract.order("echo").ref

    assert await contract.where(ref) is AttemptWhere.ABSENT
    [ended] = await contract.events(ref)
    assert isinstance(ended, Ended)
    assert ended.cause is EndCause.UNKNOWN


async def test_a_refusal_leaves_nothing_behind(contract: Contract) -> None:
    order = contract.order("no-such-program")

    refused = await soon(contract.runner.start(order))

    assert isinstance(refused, Refused)
    assert refused.code == "ENOENT"
    assert await contract.where(order.ref) is AttemptWhere.ABSENT


async def test_a_removed_run_leaves_no_log(contract: Contract) -> None:
    order = contract.order("echo", "hello")
    await soon(contract.runner.start(order))
    await contract.events(order.ref)
    await contract.runner.ack(order.ref)

    await soon(contract.runner.remove(order.ref.job, order.ref.number))

    assert await contract.where(order.ref) is AttemptWhere.ABSENT
    assert list(contract.logs.read_from(order.ref, 0, 0, final=True).lines) == []
