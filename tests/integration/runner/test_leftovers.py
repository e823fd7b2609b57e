"""Nothing of an attempt outlives it, however its processes hide, and nothing else is touched."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from eventually import eventually
from rota.core.seams import EndCause
from runner_process import Bench, is_alive

# Leaves the session, its parents, the FIFO and the environment: nothing of the attempt is left to see.
DAEMON = "(setsid env -i bash -c 'echo $$ > {file}; {work}' >/dev/null 2>&1 </dev/null &)"
FOREVER = "while true; do sleep 60; done"
CHAIN = """
import os, sys
while True:
    if os.fork():
        os._exit(0)
    os.setsid()
    os.close(os.open(sys.argv[1], os.O_CREAT))
"""


def hidden(bench: Bench, name: str, work: str = FOREVER) -> str:
    """Shell text that starts such a daemon and waits until its pid is in the file of that name."""
    file = bench.runner.folder / name
    return f"{DAEMON.format(file=file, work=work)}; until [ -s {file} ]; do sleep 0.01; done"


def pid_in(bench: Bench, name: str) -> int:
    return int((bench.runner.folder / name).read_text())


def alive_with(word: str) -> list[int]:
    """Processes that have it in their command line."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            has = word.encode() in line.read_bytes()
        except OSError:
            continue
        if has and is_alive(int(line.parent.name)):
            found.append(int(line.parent.name))
    return found


def chain(bench: Bench) -> Path:
    """The program of such a chain beside the runner; the answer is the file that it makes all the time."""
    (bench.runner.folder / "chain.py").write_text(CHAIN)
    return bench.runner.folder / "beat"


def is_beating(beat: Path) -> bool:
    beat.unlink(missing_ok=True)
    Event().wait(0.1)
    return beat.exists()


async def test_what_goes_on_in_the_background_is_ended_with_its_job(bench: Bench) -> None:
    order = bench.order("sleep 60 & echo $! > $HERE/pid; echo started; exit 3")

    await bench.start(order)
    ended = await bench.end(order)

    assert (ended.cause, ended.exit_code, ended.left_behind) == (EndCause.EXIT, 3, 1)
    assert not is_alive(pid_in(bench, "pid"))


async def test_a_daemon_that_wiped_its_tracks_is_ended_with_its_job(bench: Bench) -> None:
    order = bench.order(hidden(bench, "pid"))

    await bench.start(order)
    ended = await bench.end(order)

    assert (ended.exit_code, ended.left_behind >= 1) == (0, True)
    assert not is_alive(pid_in(bench, "pid"))


async def test_what_ignores_sigterm_is_killed_after_the_grace(bench: Bench) -> None:
    order = bench.order(hidden(bench, "pid", f'trap "" TERM; {FOREVER}'), grace_ms=100)

    await bench.start(order)
    ended = await bench.end(order)

    assert ended.exit_code == 0
    assert not is_alive(pid_in(bench, "pid"))


async def test_a_pipe_that_is_still_being_emptied_loses_nothing_and_is_no_leftover(bench: Bench) -> None:
    ended, log = await bench.run("exec > >(sleep 0.1; cat); echo one; echo two")

    assert (ended.exit_code, ended.left_behind) == (0, 0)
    assert log == "one\ntwo\n"


async def test_daemons_of_jobs_that_still_run_are_left_alone(bench: Bench) -> None:
    marked = "(setsid bash -c 'echo $$ > $HERE/marked; sleep 60' >/dev/null 2>&1 &)"
    going_on = bench.order(f"{marked}; {hidden(bench, 'wiped')}; echo up; sleep 60")
    await bench.start(going_on)
    bench.wait_for(going_on, "up")
    eventually((bench.runner.folder / "marked").exists)

    ended, _ = await bench.run("sleep 60 & exit 0")

    assert ended.left_behind == 1
    assert is_alive(pid_in(bench, "marked"))
    assert is_alive(pid_in(bench, "wiped"))
    await bench.client.terminate(going_on.ref)
    await bench.end(going_on)
    assert not is_alive(pid_in(bench, "marked"))
    assert not is_alive(pid_in(bench, "wiped"))


async def test_a_daemon_that_may_be_anothers_is_ended_by_the_last_of_them(bench: Bench) -> None:
    other = bench.order("echo up; exec sleep 60")
    await bench.start(other)
    bench.wait_for(other, "up")

    ended, _ = await bench.run(hidden(bench, "pid"))
    assert ended.exit_code == 0
    await bench.client.terminate(other.ref)
    await bench.end(other)

    assert not is_alive(pid_in(bench, "pid"))


async def test_a_runner_that_dies_meanwhile_loses_no_status(bench: Bench) -> None:
    stubborn = f"trap '' TERM; echo $BASHPID > $HERE/pid; {FOREVER}"
    order = bench.order(f"({stubborn}) & until [ -s $HERE/pid ]; do sleep 0.01; done; exit 3", grace_ms=1000)
    await bench.start(order)
    eventually((bench.logs.directory(order.ref) / "was").exists)

    bench.runner.kill9()
    bench.runner.start()
    ended = await bench.end(order)

    assert (ended.cause, ended.exit_code) == (EndCause.EXIT, 3)
    assert not is_alive(pid_in(bench, "pid"))


async def test_leftovers_are_ended_by_the_next_runner_too(bench: Bench) -> None:
    order = bench.order("(setsid sleep 60 & echo $! > $HERE/pid); until [ -e $HERE/go ]; do sleep 0.01; done")
    await bench.start(order)
    eventually((bench.runner.folder / "pid").exists)

    bench.runner.kill9()
    bench.runner.start()
    (bench.runner.folder / "go").touch()
    ended = await bench.end(order)

    assert ended.cause is EndCause.UNKNOWN
    assert not is_alive(pid_in(bench, "pid"))


@pytest.mark.parametrize("wipe", ["", "env -i "])
async def test_one_that_forks_and_exits_all_the_time_is_caught(bench: Bench, wipe: str) -> None:
    beat = chain(bench)
    order = bench.order(f"{wipe}python3 -S $HERE/chain.py {beat} & echo up; sleep 60")
    await bench.start(order)
    eventually(beat.exists)

    await bench.client.terminate(order.ref, immediately=True)
    await bench.end(order)

    assert not is_beating(beat)


async def test_one_that_forks_and_exits_all_the_time_is_caught_at_the_end_of_its_job(bench: Bench) -> None:
    beat = chain(bench)
    begun = f"until [ -e {beat} ]; do sleep 0.01; done"
    order = bench.order(f"env -i python3 -S $HERE/chain.py {beat} & {begun}; exit 3", grace_ms=100)
    await bench.start(order)
    ended = await bench.end(order)

    assert (ended.exit_code, ended.left_behind >= 1) == (3, True)
    assert not is_beating(beat)


async def test_processes_that_start_each_other_again_are_all_caught(bench: Bench) -> None:
    hydra = (
        f"#!/bin/bash\ntrap '' TERM\nwhile true; do bash {bench.runner.folder}/head & sleep 0.2; wait; done"
    )
    (bench.runner.folder / "head").write_text(
        "trap '' TERM; for n in 1 2 3; do sleep 0.02 & done; wait; sleep 0.1"
    )
    (bench.runner.folder / "hydra").write_text(hydra)
    many = " ".join(f"setsid bash {bench.runner.folder}/hydra &" for _ in range(10))
    order = bench.order(f"{many} echo up; sleep 60", grace_ms=100)
    await bench.start(order)
    bench.wait_for(order, "up")

    await bench.client.terminate(order.ref)
    ended = await bench.end(order)

    assert ended.cause is EndCause.KILLED
    assert alive_with(str(bench.runner.folder / "h")) == []
