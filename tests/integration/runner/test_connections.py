"""Connections come and go, and whatever comes over them leaves the runner unharmed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from eventually import eventually
from rota.core.errors import Unavailable
from rota.core.seams import EndCause, Refused
from rota.engine.clock import SystemClock
from rota.process.client import RunnerClient
from rota.process.launch import Launcher, answers
from rota.process.layout import Layout
from runner_process import Bench, RunnerProcess, soon

GARBAGE = [
    b"\0",
    b"@",
    b"{",
    b"[1, 2]",
    b"[" * 60_000,
    b'{"type": "hello"}',
    b"\xff\xfe" * 1000,
    b'[{"type": "start"}]',
    b'[{"type": "hello", "version": "9.0", "ledger": "x"}]',
    b'[{"type": "hello", "version": [], "ledger": {}}]',
    b'[{"type": ["hello"]}, {"type": null}, {}]',
]
HELLO = {"type": "hello", "version": "1.1", "ledger": "ledger"}


def connect(runner: RunnerProcess) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(10)
    connection.connect(str(runner.socket))
    return connection


def ask(connection: socket.socket, *messages: object) -> list[dict[str, object]]:
    connection.send(json.dumps(messages).encode())
    answer: list[dict[str, object]] = json.loads(connection.recv(200_000))
    return answer


@pytest.mark.parametrize("packet", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_harms_no_attempt(bench: Bench, packet: bytes) -> None:
    order = bench.order("until test -e $HERE/go; do sleep 0.01; done; exit 3")
    await bench.start(order)

    with connect(bench.runner) as stranger:
        stranger.send(packet)
    (bench.runner.folder / "go").touch()

    assert (await bench.end(order)).exit_code == 3


async def test_a_descriptor_that_is_no_file_is_not_read(runner: RunnerProcess) -> None:
    read, write = os.pipe()
    with connect(runner) as stranger:
        socket.send_fds(stranger, [b"@"], [read])
        answer = json.loads(stranger.recv(1000))
    os.close(read)
    os.close(write)

    assert answer[0]["code"] == "garbled"
    assert answers(runner.socket)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"job": "../etc"}, "job"),
        ({"step": "main/../.."}, "step"),
        ({"attempt": "a/b"}, "attempt"),
        ({"run": -1}, "run"),
        ({"argv": []}, "argv"),
        ({"argv": ["a\0b"]}, "argv"),
        ({"env": {"A=B": "c"}}, "env"),
        ({"graceMs": True}, "graceMs"),
        ({"argv": ["\ud800"], "env": {"PATH": "/bin"}}, "can't start '\\ud800':"),
        ({"argv": ["/\ud800"]}, "can't start '/\\ud800':"),
    ],
)
async def test_a_wrong_order_is_answered_with_the_member_that_is_wrong(
    runner: RunnerProcess, wrong: dict[str, object], why: str
) -> None:
    start = {
        "type": "start", "attempt": "a", "job": "job", "run": 1, "step": "main", "n": 1, "argv": ["true"],
        "env": {}, "cwd": "/", "graceMs": 1, "output": 1000,
    }  # fmt: skip
    with connect(runner) as daemon:
        ask(daemon, HELLO)
        [answer] = ask(daemon, {**start, **wrong})

    if why == "attempt":
        assert (answer["type"], answer["code"]) == ("error", "invalid")
        assert str(answer["message"]).startswith("start: attempt ")
    else:
        assert (answer["type"], answer["attempt"], answer["code"]) == ("refused", "a", "EINVAL")
        assert str(answer["message"]).startswith(f"{why} ")


async def test_nothing_is_done_before_a_hello(runner: RunnerProcess) -> None:
    with connect(runner) as stranger:
        [answer] = ask(stranger, {"type": "quit"})

    assert answer["code"] == "hello"
    assert answers(runner.socket)


async def test_a_peer_of_another_user_is_disconnected_unheard() -> None:
    main = (
        "import sys, rota.runner.__main__ as m; m._uids = lambda _: frozenset({54321}); m.main(sys.argv[1:])"
    )
    runner = RunnerProcess("-c", main)
    try:
        with connect(runner) as stranger:
            assert stranger.recv(1000) == b""
    finally:
        runner.clean()


async def test_status_displaces_nobody(bench: Bench) -> None:
    order = bench.order("exec sleep 60")
    started = await bench.start(order)

    with connect(bench.runner) as stranger:
        [status] = ask(stranger, {"type": "status"})

    live = status["live"]
    assert isinstance(live, list)
    assert live[0]["started"]["pid"] == started.pid
    assert bench.client.facts is not None


async def test_a_new_hello_closes_the_older_connection(runner: RunnerProcess) -> None:
    with connect(runner) as older, connect(runner) as newer:
        ask(older, HELLO)
        ask(newer, HELLO)

        assert older.recv(1000) == b""


async def test_a_runner_that_holds_attempts_serves_one_ledger(bench: Bench) -> None:
    await bench.start(bench.order("exec sleep 60"))

    with connect(bench.runner) as stranger:
        [answer] = ask(stranger, {**HELLO, "ledger": "another"})

    assert answer["code"] == "ledger"
    assert bench.client.facts is not None


async def test_a_daemon_that_comes_back_learns_of_the_end_meanwhile(bench: Bench) -> None:
    order = bench.order("until test -e $HERE/go; do sleep 0.01; done; echo bye; exit 3")
    await bench.start(order)
    await bench.client.close()
    (bench.runner.folder / "go").touch()
    eventually(lambda: (bench.logs.directory(order.ref) / "exit").exists())

    await bench.reconnect()

    assert (await bench.end(order)).exit_code == 3


async def test_an_end_is_kept_until_it_is_stored_whoever_comes_back_meanwhile(bench: Bench) -> None:
    order = bench.order("exit 3")
    await bench.start(order)
    eventually(lambda: (bench.logs.directory(order.ref) / "exit").exists())
    await bench.client.close()
    (bench.logs.directory(order.ref) / "exit").unlink()  # as if the disk had been full

    for _ in range(2):
        bench.client = bench.runner.client()
        asked = asyncio.create_task(bench.client.report([order.ref]))
        await bench.client.open()
        report = (await soon(asked))[order.ref.id]
        assert report.ended is not None
        assert report.ended.exit_code == 3
        await bench.client.close()


async def test_an_end_that_is_of_no_open_run_is_let_go(bench: Bench) -> None:
    order = bench.order("exit 3")
    await bench.start(order)
    eventually(lambda: (bench.logs.directory(order.ref) / "exit").exists())

    await bench.reconnect()
    await soon(bench.client.report([bench.ref()]))

    eventually(lambda: (bench.runner.state / ".held.journal").read_bytes().endswith(b",null]"))


async def test_an_order_that_the_runner_can_not_take_is_refused_and_harms_no_other(bench: Bench) -> None:
    await soon(bench.client.report([bench.ref()]))
    order = bench.order("true")

    for wrong in (replace(order, argv=("x" * 100_000,) * 50), replace(order, output=2**60)):
        refused = await soon(bench.client.start(wrong))
        assert isinstance(refused, Refused)

    await bench.start(order)
    assert (await bench.end(order)).exit_code == 0


async def test_the_same_order_from_two_daemons_starts_one_process(bench: Bench) -> None:
    order = bench.order("echo x >> $HERE/witness; exec sleep 60")
    first = await bench.start(order)

    await bench.reconnect()
    again = await bench.start(order)

    witness = bench.runner.folder / "witness"
    eventually(witness.exists)
    assert again == first
    assert witness.read_text() == "x\n"


async def test_an_order_given_while_no_runner_is_there_waits_for_one(bench: Bench) -> None:
    bench.runner.kill9()
    order = bench.order("exit 3")
    starting = asyncio.create_task(bench.client.start(order))

    bench.runner.start()

    await soon(starting)
    assert (await bench.end(order)).exit_code == 3


async def test_a_kill_given_while_no_runner_is_there_is_carried_out_by_the_next(bench: Bench) -> None:
    order = bench.order("exec sleep 60")
    await bench.start(order)
    bench.runner.kill9()
    await bench.client.terminate(order.ref, immediately=True)
    ending = asyncio.create_task(bench.end(order))

    bench.runner.start()

    assert (await ending).cause is EndCause.KILLED


async def test_an_attempt_of_which_nothing_is_left_ends_as_unknown(bench: Bench) -> None:
    ended = await bench.end(bench.order("never started"))

    assert ended.cause is EndCause.UNKNOWN


async def test_a_second_runner_names_the_first(runner: RunnerProcess) -> None:
    argv = [sys.executable, "-m", "rota.runner", "--state", str(runner.state), "--socket", "/tmp/unused.sock"]
    env = {"PYTHONPATH": str(Path(__file__).parents[3] / "daemon")}
    second = await asyncio.to_thread(subprocess.run, argv, env=env, capture_output=True, text=True)

    assert second.returncode == 2
    assert f"another runner (pid {runner.process.pid}) serves {runner.state}" in second.stderr


async def test_a_runner_ends_when_asked_only_if_it_holds_nothing(bench: Bench) -> None:
    order = bench.order("exit 0")
    await bench.start(order)
    await bench.end(order)

    await bench.client.quit()
    await soon(bench.client.report([order.ref]))
    await bench.client.ack(order.ref)
    await bench.client.quit()

    assert await asyncio.to_thread(bench.runner.process.wait, 10) == 0


async def test_a_runner_is_started_when_none_answers_used_again_and_ended(tmp_path: Path) -> None:
    clock = SystemClock()
    layout = Layout(
        state=tmp_path / "state",
        socket=tmp_path / "rota.sock",
        runner_state=tmp_path / "state" / "runner",
        runner_socket=tmp_path / "sockets" / "runner.sock",
    )
    client = RunnerClient(layout.runner_socket, clock=clock)
    await client.open()

    assert await Launcher(layout, clock=clock).ensure()
    launcher = Launcher(layout, clock=clock)
    assert not await launcher.ensure()
    await soon(client.report([Bench.ref()]))
    assert await launcher.end(client)
    await client.close()


async def test_a_runner_that_was_killed_is_replaced(tmp_path: Path) -> None:
    clock = SystemClock()
    layout = Layout(
        state=tmp_path / "state",
        socket=tmp_path / "rota.sock",
        runner_state=tmp_path / "state" / "runner",
        runner_socket=tmp_path / "sockets" / "runner.sock",
    )
    launcher = Launcher(layout, clock=clock)
    client = RunnerClient(layout.runner_socket, clock=clock)
    await client.open()
    await launcher.ensure()
    await soon(client.report([Bench.ref()]))
    keeping = asyncio.create_task(launcher.keep(client))
    first = client.facts

    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    await soon(_other_than(client, first.pid))

    keeping.cancel()
    assert await launcher.end(client)
    await client.close()


async def test_a_place_that_can_not_be_made_keeps_no_daemon_from_going_on(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    layout = Layout(
        state=tmp_path / "state",
        socket=tmp_path / "rota.sock",
        runner_state=tmp_path / "state" / "runner",
        runner_socket=tmp_path / "taken" / "runner.sock",
    )

    with pytest.raises(Unavailable, match=r"can't be started: .*taken"):
        await Launcher(layout, clock=SystemClock()).ensure()


async def test_what_waits_for_a_runner_is_let_go_when_the_daemon_ends(tmp_path: Path) -> None:
    client = RunnerClient(tmp_path / "nobody.sock", clock=SystemClock())
    await client.open()
    asking = asyncio.create_task(client.report([Bench.ref()]))
    await asyncio.wait([asking], timeout=0.01)

    await client.close()

    with pytest.raises(Unavailable):
        await asking


async def test_it_tells_its_supervisor_when_it_is_ready(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(10)
        runner = RunnerProcess(env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        ready = supervisor.recv(1000)
        runner.stop()
        stopping = supervisor.recv(1000)
        runner.clean()

    assert ready.startswith(b"READY=1\nSTATUS=")
    assert stopping == b"STOPPING=1"


async def _other_than(client: RunnerClient, pid: int) -> None:
    while client.facts is None or client.facts.pid == pid:
        await SystemClock().sleep(0.01)
