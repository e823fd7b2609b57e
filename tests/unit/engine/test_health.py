from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from fakes.engine import FakeEngine
from rota.core.board import HealthState
from rota.core.errors import Unavailable
from rota.core.events import HealthChanged
from rota.core.problems import Problem
from rota.engine.health import Disk, Health, Probes


@dataclass(kw_only=True)
class Host:
    """What a test says of the machine."""

    lag: timedelta = timedelta()
    jumps: int = 0
    free: int = 50
    runner_problem: str = ""
    damage: tuple[str, ...] = ()
    disks: list[Disk] | None = None
    writing: int | None = None
    waiting: int = 0


def health_of(engine: FakeEngine, host: Host) -> Health:
    probes = Probes(
        tick_lag=lambda: host.lag,
        jumps=lambda: host.jumps,
        disks=lambda: [Disk(free=host.free, total=100)] if host.disks is None else host.disks,
        runner_problem=lambda: host.runner_problem,
        damage=lambda: host.damage,
        writing=lambda: host.writing,
        waiting=lambda: host.waiting,
    )
    return Health(engine.parts, probes)


def state(engine: FakeEngine, key: str) -> tuple[HealthState, str]:
    item = engine.board.health[key]
    return item.state, item.note


async def test_a_daemon_that_is_well_says_so_once() -> None:
    engine = FakeEngine()
    health = health_of(engine, Host())

    health.step()
    health.step()

    assert set(engine.board.health) == {"planner", "runner", "store", "disk", "jobs", "clock"}
    assert {item.state for item in engine.board.health.values()} == {HealthState.OK}
    assert len([event for event in engine.events if isinstance(event, HealthChanged)]) == 6


async def test_a_missing_runner_is_told_when_it_changes() -> None:
    engine = FakeEngine()
    health = health_of(engine, Host())
    health.step()
    engine.events.clear()

    engine.hands.facts = None
    health.step()

    assert engine.events == [HealthChanged(key="runner")]
    assert state(engine, "runner") == (HealthState.FAILED, "no runner answers; nothing can start")


async def test_a_planner_that_hangs_is_told() -> None:
    engine = FakeEngine()

    health_of(engine, Host(lag=timedelta(seconds=11))).step()

    assert state(engine, "planner") == (
        HealthState.FAILED,
        "has not looked at the clock for more than 10 s",
    )


@pytest.mark.parametrize(
    ("free", "expected"), [(10, HealthState.OK), (9, HealthState.WARN), (1, HealthState.FAILED)]
)
async def test_a_disk_that_fills_up_is_told(free: int, expected: HealthState) -> None:
    engine = FakeEngine()

    health_of(engine, Host(free=free)).step()

    assert state(engine, "disk")[0] is expected


async def test_a_ledger_that_refused_is_tried_until_it_takes_again() -> None:
    async with FakeEngine() as engine:
        engine.store.broken = Unavailable("The disk is full.")
        engine.parts.writable.error = "The disk is full."
        engine.executor.spawn(health_of(engine, Host()).run())
        await engine.settle()
        assert state(engine, "store") == (HealthState.FAILED, "The disk is full.")

        engine.store.broken = None
        await engine.clock.advance(1)

        assert state(engine, "store") == (HealthState.OK, "")


async def test_problems_of_job_files_are_counted() -> None:
    engine = FakeEngine()
    problem = Problem(file="a.yaml", line=1, column=1, message="no")
    engine.board.problems = (problem, problem)

    health_of(engine, Host()).step()

    assert state(engine, "jobs") == (HealthState.WARN, "2 problems in 1 file")


async def test_a_jump_of_the_clock_is_told_for_an_hour() -> None:
    engine = FakeEngine()
    host = Host(jumps=1)
    health = health_of(engine, host)

    health.step()
    assert state(engine, "clock") == (HealthState.WARN, "jumped 1 time since the start")
    await engine.clock.advance(timedelta(hours=1, seconds=1))
    health.step()

    assert state(engine, "clock") == (HealthState.OK, "")


def test_a_runner_that_can_not_be_used_says_why_in_its_own_words() -> None:
    engine = FakeEngine()
    engine.hands.facts = None

    health_of(engine, Host(runner_problem="it speaks version 2")).step()

    assert state(engine, "runner") == (HealthState.FAILED, "it speaks version 2")


def test_a_damaged_ledger_names_the_way_out() -> None:
    engine = FakeEngine()

    health_of(engine, Host(damage=("row 7 missing from index",))).step()

    kind, note = state(engine, "store")
    assert kind is HealthState.WARN
    assert "row 7 missing" in note
    assert "rota store restore" in note


async def test_directories_that_the_kernel_can_not_watch_are_told() -> None:
    engine = FakeEngine()
    engine.board.unwatched = "looked at every 10 s only"

    health_of(engine, Host()).step()

    assert state(engine, "jobs") == (HealthState.WARN, "looked at every 10 s only")


async def test_a_transaction_that_does_not_end_is_told_and_over_when_another_is_seen() -> None:
    engine = FakeEngine()
    host = Host(writing=7)
    health = health_of(engine, host)
    health.step()
    assert state(engine, "store") == (HealthState.OK, "")

    await engine.clock.advance(4)
    health.step()
    assert state(engine, "store") == (
        HealthState.FAILED,
        "has not answered for more than 3 s: locked, or its disk hangs",
    )

    host.writing = 8
    health.step()
    assert state(engine, "store") == (HealthState.OK, "")


def test_a_log_of_the_ledger_that_grows_without_end_is_told() -> None:
    engine = FakeEngine()

    health_of(engine, Host(waiting=2**30)).step()

    kind, note = state(engine, "store")
    assert (kind, "another program reads it" in note) == (HealthState.WARN, True)


def test_the_fullest_file_system_is_the_one_that_is_told() -> None:
    engine = FakeEngine()
    disks = [Disk(free=50, total=100), Disk(free=1, total=100, what="logs are written")]

    health_of(engine, Host(disks=disks)).step()

    assert state(engine, "disk") == (HealthState.FAILED, "1 % free where logs are written")


def test_no_file_system_that_can_be_asked_is_nothing_to_tell() -> None:
    engine = FakeEngine()

    health_of(engine, Host(disks=[])).step()

    assert state(engine, "disk") == (HealthState.OK, "")
