"""Timeouts and kills reach everything that belongs to an attempt, and nothing else."""

from __future__ import annotations

from pathlib import Path

from eventually import eventually
from rota.core.seams import EndCause
from runner_process import Bench, is_alive


def pids_in(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


async def test_a_job_over_its_timeout_is_asked_to_end(bench: Bench) -> None:
    order = bench.order("trap 'echo asked; exit 7' TERM; echo up; sleep 60 & wait", timeout_ms=1000)

    await bench.start(order)
    ended = await bench.end(order)

    assert (ended.cause, ended.exit_code) == (EndCause.TIMEOUT, 7)
    assert bench.log(order) == "up\nasked\n"


async def test_a_job_that_does_not_listen_is_killed_after_its_grace(bench: Bench) -> None:
    order = bench.order("trap '' TERM; echo up; while true; do sleep 60; done", timeout_ms=1000, grace_ms=300)

    started = await bench.start(order)
    ended = await bench.end(order)

    assert (ended.cause, ended.signal) == (EndCause.TIMEOUT, 9)
    assert (ended.at - started.at).total_seconds() >= 1.2
    assert not is_alive(started.pid)


async def test_a_cancelled_job_ends_as_killed(bench: Bench) -> None:
    order = bench.order("echo up; exec sleep 60")
    await bench.start(order)
    bench.wait_for(order, "up")

    await bench.client.terminate(order.ref)
    ended = await bench.end(order)

    assert (ended.cause, ended.signal) == (EndCause.KILLED, 15)


async def test_a_second_wish_can_make_it_immediate(bench: Bench) -> None:
    order = bench.order("trap '' TERM; echo up; while true; do sleep 60; done", grace_ms=60_000)
    await bench.start(order)
    bench.wait_for(order, "up")

    await bench.client.terminate(order.ref)
    await bench.client.terminate(order.ref, immediately=True)
    ended = await bench.end(order)

    assert (ended.cause, ended.signal) == (EndCause.KILLED, 9)


async def test_a_stopped_job_still_ends(bench: Bench) -> None:
    order = bench.order("trap 'exit 4' TERM; echo up; kill -STOP $$")
    await bench.start(order)
    bench.wait_for(order, "up")

    await bench.client.terminate(order.ref)

    assert (await bench.end(order)).exit_code == 4


async def test_a_descendant_that_left_the_session_twice_over_is_ended_too(bench: Bench) -> None:
    witness = bench.runner.folder / "pids"
    deep = "trap '' TERM; echo $$ >> $HERE/pids; while true; do sleep 60; done"
    order = bench.order(f"(setsid bash -c \"(setsid bash -c '{deep}' &)\" &); sleep 60", grace_ms=200)
    await bench.start(order)
    eventually(lambda: pids_in(witness))

    await bench.client.terminate(order.ref)
    ended = await bench.end(order)

    assert ended.cause is EndCause.KILLED
    assert not is_alive(pids_in(witness)[0])


async def test_the_end_is_told_only_when_nothing_is_left(bench: Bench) -> None:
    witness = bench.runner.folder / "pids"
    stubborn = "trap '' TERM; echo $BASHPID >> $HERE/pids; sleep 60; sleep 60"
    order = bench.order(f"({stubborn}) & ({stubborn}) & sleep 60", grace_ms=300)
    await bench.start(order)
    eventually(lambda: len(pids_in(witness)) == 2)

    await bench.client.terminate(order.ref)
    await bench.end(order)

    assert [is_alive(pid) for pid in pids_in(witness)] == [False, False]


async def test_other_attempts_are_left_alone(bench: Bench) -> None:
    one, other = bench.order("exec sleep 60"), bench.order("exec sleep 60")
    await bench.start(one)
    started = await bench.start(other)

    await bench.client.terminate(one.ref, immediately=True)
    await bench.end(one)

    assert is_alive(started.pid)


async def test_a_timeout_or_grace_of_months_harms_nobody(bench: Bench) -> None:
    months = 100 * 86_400_000
    order = bench.order(
        "trap '' TERM; echo ready; while :; do sleep 60; done", timeout_ms=months, grace_ms=months
    )
    await bench.start(order)
    bench.wait_for(order, "ready")
    await bench.client.terminate(order.ref)

    ended, text = await bench.run("echo well")

    assert (ended.exit_code, text) == (0, "well\n")
