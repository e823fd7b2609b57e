"""What jobs say by NOTIFY_SOCKET reaches whoever watches them, and never costs the job anything."""

from __future__ import annotations

import array
import json
import shlex
import shutil
import socket
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from eventually import eventually
from rota.core.seams import EndCause, Ended, Notice, StartOrder
from runner_process import Bench, RunnerProcess, soon

PROGRAM = "import os,socket,sys; socket.socket(1,2).sendto(sys.argv[1].encode(),os.environ['NOTIFY_SOCKET'])"
# One process for all: to start one takes as long as the machine likes.
BEATS = shlex.join(
    [
        "python3",
        "-c",
        "import os,socket,time; s=socket.socket(1,2); s.connect(os.environ['NOTIFY_SOCKET']);"
        " [(s.send(b'WATCHDOG=1'), time.sleep(0.2)) for _ in range(17)]",
    ]
)


def say(text: str) -> str:
    """For hosts without systemd-notify: a command that sends that."""
    return shlex.join(["python3", "-c", PROGRAM, text])


async def heard(bench: Bench, order: StartOrder) -> tuple[list[Notice], Ended]:
    """Every notice in order, and the end with the newest of them."""

    async def watch() -> tuple[list[Notice], Ended]:
        notices: list[Notice] = []
        async with aclosing(bench.client.watch(order.ref)) as events:
            async for event in events:
                if isinstance(event, Ended):
                    return notices, event
                notices += event.notices
        raise AssertionError("the watch ended without an end")

    return await soon(watch())


async def run(bench: Bench, script: str) -> tuple[list[Notice], Ended]:
    order = bench.order(script)
    await bench.start(order)
    return await heard(bench, order)


async def test_status_progress_and_step_are_told_with_the_end_at_the_latest(bench: Bench) -> None:
    _, ended = await run(bench, say("STATUS=Copying users\nX_ROTA_PROGRESS=42/100 half\nX_ROTA_STEP=copy"))

    assert [(each.kind, each.text) for each in ended.notices] == [
        ("status", "Copying users"),
        ("progress", "42/100 half"),
        ("step", "copy"),
    ]
    assert ended.exit_code == 0


@pytest.mark.skipif(shutil.which("systemd-notify") is None, reason="there is no systemd-notify here")
async def test_systemd_notify_works_in_a_job_and_waits_for_nobody(bench: Bench) -> None:
    _, ended = await run(bench, "systemd-notify --ready --status='half way' && echo said")

    assert (ended.exit_code, ended.log_size) == (0, 5)
    assert [(each.kind, each.text) for each in ended.notices] == [("status", "half way")]


async def test_each_notice_says_how_long_the_log_was_when_it_came(bench: Bench) -> None:
    script = f"echo one; sleep 0.1; {say('STATUS=a')}; echo two; sleep 0.1; {say('STATUS=b')}; sleep 0.1"

    notices, _ = await run(bench, script)

    assert [(each.text, each.size) for each in notices] == [("a", 4), ("b", 8)]


async def test_words_of_systemd_that_mean_nothing_here_are_passed_over(bench: Bench) -> None:
    _, ended = await run(bench, say("READY=1\nMAINPID=1\nSTOPPING=1\nRELOADING=1\nFDSTORE=1\nERRNO=2"))

    assert (ended.exit_code, ended.notices) == (0, ())


async def test_time_that_a_job_asks_for_moves_its_deadline(bench: Bench) -> None:
    order = bench.order(f"{say('EXTEND_TIMEOUT_USEC=30000000')}; sleep 3; echo done", timeout_ms=3000)
    await bench.start(order)

    notices, ended = await heard(bench, order)

    assert (ended.cause, bench.log(order)) == (EndCause.EXIT, "done\n")
    (notice,) = notices
    assert notice.kind == "timeoutAt"
    assert 29_000 < int(notice.text) - notice.at.timestamp() * 1000 < 31_000


async def test_a_job_that_asks_for_less_time_than_it_has_keeps_it(bench: Bench) -> None:
    order = bench.order(f"{say('EXTEND_TIMEOUT_USEC=1000')}; sleep 0.2; echo done", timeout_ms=20_000)
    await bench.start(order)

    notices, ended = await heard(bench, order)

    assert (ended.cause, notices, ended.notices) == (EndCause.EXIT, [], ())


async def test_time_that_a_job_asked_for_outlives_the_runner(bench: Bench) -> None:
    order = bench.order(f"{say('EXTEND_TIMEOUT_USEC=30000000')}; sleep 3; echo done", timeout_ms=3000)
    await bench.start(order)
    file = bench.logs.directory(order.ref) / "pid"
    first = json.loads(file.read_text())["deadlineMs"]
    eventually(lambda: json.loads(file.read_text())["deadlineMs"] > first + 20_000)

    bench.runner.kill9()
    bench.runner.start()
    await bench.end(order)

    assert bench.log(order) == "done\n"


async def test_a_silent_job_that_says_that_it_lives_is_no_hung_one(bench: Bench) -> None:
    order = replace(bench.order(f"{BEATS}; echo $WATCHDOG_USEC"), watchdog_ms=3000)
    silent = replace(bench.order("sleep 60"), watchdog_ms=300)
    await bench.start(order)
    await bench.start(silent)

    assert (await bench.end(silent)).cause is EndCause.WATCHDOG
    assert (await bench.end(order)).cause is EndCause.EXIT
    assert bench.log(order) == "3000000\n"


async def test_a_job_that_says_it_hangs_is_ended(bench: Bench) -> None:
    order = bench.order(f"{say('WATCHDOG=trigger')}; sleep 60")
    await bench.start(order)

    assert (await bench.end(order)).cause is EndCause.WATCHDOG


async def test_what_was_said_while_no_daemon_was_there_is_told_to_the_next(bench: Bench) -> None:
    order = bench.order(
        f"until [ -e $HERE/go ]; do sleep 0.01; done; {say('STATUS=alone')}; touch $HERE/said; sleep 60"
    )
    await bench.start(order)
    await bench.client.close()
    (bench.runner.folder / "go").touch()
    eventually((bench.runner.folder / "said").exists)

    await bench.reconnect()
    async with aclosing(bench.client.watch(order.ref)) as events:
        event = await soon(anext(events))

    assert not isinstance(event, Ended)
    assert [each.text for each in event.notices] == ["alone"]


@pytest.mark.parametrize("how", ["reload", "kill9"])
async def test_a_job_goes_on_telling_the_next_runner(bench: Bench, how: str) -> None:
    order = bench.order(f"until [ -e $HERE/go ]; do sleep 0.01; done; {say('STATUS=later')}")
    await bench.start(order)

    getattr(bench.runner, how)()
    if how == "kill9":
        bench.runner.start()
    await soon(bench.client.report([order.ref]))
    (bench.runner.folder / "go").touch()
    _, ended = await heard(bench, order)

    assert [each.text for each in ended.notices] == ["later"]


async def test_nothing_that_is_sent_harms_the_runner_or_the_job(bench: Bench) -> None:
    order = bench.order("echo $NOTIFY_SOCKET; exec sleep 60")
    await bench.start(order)
    bench.wait_for(order, "\n")
    path = bench.log(order).strip()

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        for data in (b"", b"\0", b"=", b"\xff=\xff", b"STATUS", b"STATUS=" + b"x" * 60_000, b"\n" * 8000):
            sender.sendto(data, path)
        for value in (b"-1", b"1e9", b"9" * 5000, b"\xb2", b""):
            sender.sendto(b"EXTEND_TIMEOUT_USEC=" + value, path)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))]
        sender.sendmsg([b"FDSTORE=1"], rights, 0, path)
        sender.sendto(b"STATUS=\xff\xfe\nSTATUS=fine \xc3\xa9", path)
        async with aclosing(bench.client.watch(order.ref)) as events:
            event = await soon(anext(events))
            while "fine é" not in [each.text for each in event.notices]:
                event = await soon(anext(events))

    assert (await soon(bench.client.report([order.ref])))[order.ref.id].ended is None


async def test_a_state_directory_of_a_long_name_has_its_sockets_elsewhere() -> None:
    runner = RunnerProcess(below="a" * 60)
    bench = Bench(runner)
    try:
        await bench.client.open()
        order = bench.order(f"echo $NOTIFY_SOCKET; {say('STATUS=short')}")
        await bench.start(order)
        _, ended = await heard(bench, order)
        path = Path(bench.log(order).strip())

        assert [each.text for each in ended.notices] == ["short"]
        assert str(path).startswith("/tmp/rota-notify-")
        eventually(lambda: not path.parent.exists())
    finally:
        await bench.client.close()
        runner.clean()


async def test_no_socket_is_left_when_a_job_has_ended(bench: Bench) -> None:
    order = bench.order("echo $NOTIFY_SOCKET")
    await bench.start(order)
    await bench.end(order)

    path = Path(bench.log(order).strip())
    assert path.parent == bench.runner.state / ".notify"
    assert list(bench.runner.state.glob(".notify/*")) == []
