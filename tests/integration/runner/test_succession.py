"""A runner that is killed, ended or replaced takes no job along; the next one goes on with all of them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from eventually import eventually
from rota.core.seams import AttemptWhere, EndCause, StartOrder
from runner_process import Bench, RunnerProcess, a_bench, is_alive, soon

CRASHING = str(Path(__file__).with_name("crashing_runner.py"))
COUNT = "for i in $(seq 40); do echo line $i; sleep 0.02; done"


async def test_a_job_outlives_its_runner_and_its_log_is_whole(bench: Bench) -> None:
    order = bench.order(COUNT)
    await bench.start(order)
    bench.wait_for(order, "line 5\n")

    bench.runner.kill9()
    bench.runner.start()
    ended = await bench.end(order)

    # Nobody but its own parent can see an exit status.
    assert (ended.cause, ended.exit_code) == (EndCause.UNKNOWN, None)
    assert bench.log(order) == "".join(f"line {n}\n" for n in range(1, 41))


async def test_what_a_job_writes_while_no_runner_is_there_waits_in_the_pipe(bench: Bench) -> None:
    order = bench.order("echo one; until test -e $HERE/go; do sleep 0.01; done; echo two")
    started = await bench.start(order)
    bench.wait_for(order, "one")

    bench.runner.kill9()
    (bench.runner.folder / "go").touch()
    eventually(lambda: not is_alive(started.pid))
    bench.runner.start()
    ended = await bench.end(order)

    assert ended.cause is EndCause.UNKNOWN
    assert bench.log(order) == "one\ntwo\n"


async def test_the_next_runner_enforces_the_timeout(bench: Bench) -> None:
    order = bench.order("trap '' TERM; echo up; while true; do sleep 60; done", timeout_ms=1500, grace_ms=200)
    started = await bench.start(order)
    bench.wait_for(order, "up")

    bench.runner.kill9()
    bench.runner.start()
    ended = await bench.end(order)

    assert ended.cause is EndCause.TIMEOUT
    assert not is_alive(started.pid)


async def test_a_runner_that_replaces_itself_keeps_its_children_and_their_status(bench: Bench) -> None:
    order = bench.order("echo one; until test -e $HERE/go; do sleep 0.01; done; echo two; exit 5")
    await bench.start(order)
    bench.wait_for(order, "one")
    facts = bench.client.facts

    bench.runner.reload()
    (bench.runner.folder / "go").touch()
    ended = await bench.end(order)

    assert (ended.cause, ended.exit_code) == (EndCause.EXIT, 5)
    assert bench.log(order) == "one\ntwo\n"
    assert facts is not None
    assert facts.pid == bench.runner.process.pid


async def test_a_runner_that_is_ended_says_what_goes_on(bench: Bench) -> None:
    order = bench.order("echo up; exec sleep 60")
    started = await bench.start(order)

    assert bench.runner.stop() == 0
    assert is_alive(started.pid)
    assert f"job/1/main.1 (pid {started.pid}) goes on" in bench.runner.said()


async def test_an_end_that_was_not_acknowledged_is_told_again(bench: Bench) -> None:
    order = bench.order("exit 3")
    await bench.start(order)
    first = await bench.end(order)

    bench.runner.kill9()
    bench.runner.start()
    await bench.reconnect()

    assert await bench.end(order) == first


async def test_a_report_tells_live_ended_absent(bench: Bench) -> None:
    live, ended, absent = bench.order("exec sleep 60"), bench.order("exit 3"), bench.order("true")
    await bench.start(live)
    await bench.start(ended)
    await bench.end(ended)
    await bench.client.ack(ended.ref)

    reports = await soon(bench.client.report([order.ref for order in (live, ended, absent)]))

    assert [reports[order.ref.id].where for order in (live, ended, absent)] == [
        AttemptWhere.LIVE,
        AttemptWhere.ENDED,
        AttemptWhere.ABSENT,
    ]
    end = reports[ended.ref.id].ended
    assert end is not None
    assert end.exit_code == 3


async def test_an_attempt_of_an_earlier_boot_is_lost_and_nothing_is_signalled(bench: Bench) -> None:
    order = bench.order("exec sleep 60")
    started = await bench.start(order)
    bench.runner.kill9()
    change_pid_file(bench, order, bootId="00000000-0000-4000-8000-000000000000")

    bench.runner.start()
    report = (await soon(bench.client.report([order.ref])))[order.ref.id]

    assert (report.where, report.started) == (AttemptWhere.LOST, started)
    assert is_alive(started.pid)
    os.kill(started.pid, signal.SIGKILL)


async def test_a_process_that_only_has_the_pid_of_a_job_is_left_alone(bench: Bench) -> None:
    stranger = await asyncio.create_subprocess_exec("sleep", "60")
    order = bench.order("exec sleep 60")
    started = await bench.start(order)
    bench.runner.kill9()
    change_pid_file(bench, order, pid=stranger.pid, pidStarted=1, deadlineMs=1)

    bench.runner.start()
    ended = await bench.end(order)

    assert ended.cause is EndCause.UNKNOWN
    assert is_alive(stranger.pid)
    os.kill(started.pid, signal.SIGKILL)
    stranger.kill()
    await stranger.wait()


async def test_the_runner_of_a_copied_state_directory_leaves_processes_to_the_original(bench: Bench) -> None:
    order = bench.order("exec sleep 60")
    started = await bench.start(order)
    copying = RunnerProcess()
    copying.stop()
    shutil.rmtree(copying.state)
    copied = await asyncio.create_subprocess_exec("cp", "-a", bench.runner.state, copying.state)
    assert await copied.wait() == 0

    copying.start()
    client = copying.client()
    await client.open()
    report = (await soon(client.report([order.ref])))[order.ref.id]
    await client.close()
    copying.clean_copy()

    assert (report.where, report.started) == (AttemptWhere.LOST, started)
    assert is_alive(started.pid)
    await bench.client.terminate(order.ref)
    assert (await bench.end(order)).cause is EndCause.KILLED  # by the runner whose it is


async def test_the_next_runner_watches_for_signs_of_life(bench: Bench) -> None:
    order = bench.order("echo up; exec sleep 60")
    await bench.start(replace(order, watchdog_ms=1500))
    bench.wait_for(order, "up")

    bench.runner.kill9()
    bench.runner.start()

    assert (await bench.end(order)).cause is EndCause.WATCHDOG


async def test_a_job_that_ends_while_a_runner_replaces_itself_has_its_status(bench: Bench) -> None:
    orders = [bench.order(f"echo up; sleep 0.{n:02}; exit {n}") for n in range(10, 40, 5)]
    for order in orders:
        await bench.start(order)

    for _ in range(3):
        bench.runner.reload()
        await bench.reconnect()
    ends = [await bench.end(order) for order in orders]

    assert [ended.exit_code for ended in ends] == list(range(10, 40, 5))


async def test_wishes_to_reload_that_come_meanwhile_end_nothing(bench: Bench) -> None:
    order = bench.order("until test -e $HERE/go; do sleep 0.01; done; exit 3")
    await bench.start(order)

    for _ in range(3):
        for _ in range(300):  # spread over the time that it needs
            bench.runner.reload()
            os.sched_yield()
        await bench.reconnect()
    (bench.runner.folder / "go").touch()

    assert (await bench.end(order)).exit_code == 3


def change_pid_file(bench: Bench, order: StartOrder, **members: object) -> None:
    file = bench.logs.directory(order.ref) / "pid"
    file.write_text(json.dumps(json.loads(file.read_text()) | members))


BEFORE_IT_IS_KNOWN = [
    "mkdir:1",
    "mkdir:2",
    "mkdir:3",
    "mkdir:4",
    "mkfifo:1",
    "spawn:1",
    "process:1",
    "rename:1",
]


@pytest.mark.parametrize("call", BEFORE_IT_IS_KNOWN)
async def test_a_runner_that_dies_anywhere_in_a_start_starts_nothing_twice(call: str) -> None:
    async with a_bench(CRASHING, call) as bench:
        order = bench.order("echo x >> $HERE/witness; exec sleep 60")
        starting = asyncio.create_task(bench.client.start(order))
        await died(bench)
        bench.runner.start()
        await soon(asyncio.wait([starting]))
        report = (await soon(bench.client.report([order.ref])))[order.ref.id]

        witness = bench.runner.folder / "witness"
        if report.where is AttemptWhere.LIVE:
            eventually(witness.exists)
            assert witness.read_text() == "x\n"
        else:
            assert report.ended is not None
            assert report.ended.cause is EndCause.UNKNOWN
            assert not witness.exists()


async def test_what_a_job_left_behind_is_not_taken_for_the_job_whose_pid_nobody_wrote_down() -> None:
    async with a_bench(CRASHING, "spawn:1") as bench:
        order = bench.order(
            "(setsid sleep 987 &); (sleep 987 &); (exec setsid sleep 987 &); echo > $HERE/done"
        )
        starting = asyncio.create_task(bench.client.start(order))
        await died(bench)
        eventually((bench.runner.folder / "done").exists)
        bench.runner.start()
        await soon(asyncio.wait([starting]))

        assert (await bench.end(order)).cause is EndCause.UNKNOWN


@pytest.mark.parametrize("call", ["rename:3", "fsync:1"])
async def test_an_end_that_was_written_down_is_told_by_the_next_runner(call: str) -> None:
    async with a_bench(CRASHING, call) as bench:
        order = bench.order("echo hi; exit 3")
        starting = asyncio.create_task(bench.client.start(order))
        await died(bench)
        bench.runner.start()
        await soon(starting)
        ended = await bench.end(order)

        assert (ended.cause, ended.exit_code, ended.log_size) == (EndCause.EXIT, 3, 3)


async def died(bench: Bench) -> None:
    code = await asyncio.to_thread(bench.runner.process.wait, 10)
    assert code == -signal.SIGKILL
