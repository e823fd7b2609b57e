"""What the runner does when the host has nothing left to give: a start is refused, all else goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from eventually import eventually
from rota.core.model import RunAs
from rota.core.seams import EndCause, Refused, Started
from runner_process import Bench, RunnerProcess, is_alive, soon

FILES = 64
_SHORT_OF_FILES = (
    "import resource, sys\n"
    f"resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES}))\n"
    "from rota.runner.__main__ import main\n"
    "sys.exit(main(sys.argv[1:]))\n"
)


@pytest.fixture
def short_of_processes() -> Iterator[RunnerProcess]:
    """As somebody whose processes the kernel counts: it does not count those of root."""
    runner = RunnerProcess("-c", _as_nobody("resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))"))
    yield runner
    runner.clean()


@pytest.fixture
def short_of_files() -> Iterator[RunnerProcess]:
    runner = RunnerProcess("-c", _SHORT_OF_FILES)
    yield runner
    runner.clean()


@pytest.mark.parametrize("wish", [RunAs(), RunAs(nice=3)], ids=["plainly", "by a fork"])
async def test_a_fork_that_the_kernel_refuses_is_refused_and_can_be_tried_again(
    short_of_processes: RunnerProcess, wish: RunAs
) -> None:
    bench = Bench(short_of_processes)
    await bench.client.open()
    order = replace(bench.order("echo ran"), cwd="/", run_as=wish)

    refused = await soon(bench.client.start(order))
    short_of_processes.kill9()
    short_of_processes.start("-c", _as_nobody(""))
    await bench.reconnect()
    await bench.start(order)

    assert isinstance(refused, Refused)
    assert refused.code == "EAGAIN"
    assert "Resource temporarily unavailable" in refused.message
    assert (await bench.end(order)).exit_code == 0
    assert bench.log(order) == "ran\n"
    await bench.client.close()


async def test_a_runner_short_of_descriptors_refuses_starts_and_serves_what_runs(
    short_of_files: RunnerProcess,
) -> None:
    bench = Bench(short_of_files)
    await bench.client.open()
    going, refused = [], None
    while refused is None:
        order = bench.order("until [ -e $HERE/go ]; do sleep 0.05; done; echo went; exit 3")
        answer = await soon(bench.client.start(order))
        if isinstance(answer, Started):
            going.append(order)
        else:
            refused = answer
        assert len(going) < FILES

    # Somebody else still gets an answer, and every end is told with its log.
    await bench.reconnect()
    (short_of_files.folder / "go").touch()
    ends = [await bench.end(order) for order in going]
    for order in going:
        await bench.client.ack(order.ref)
    again = await bench.run("echo again")

    assert refused.code == "EMFILE"
    assert "nearly as many files open as it may (64)" in refused.message
    assert len(going) > 2
    assert {end.exit_code for end in ends} == {3}
    assert {bench.log(order) for order in going} == {"went\n"}
    assert (again[0].exit_code, again[1]) == (0, "again\n")
    await bench.client.close()


async def test_a_directory_that_is_deleted_under_a_live_attempt_costs_its_log_only(bench: Bench) -> None:
    order = bench.order("echo before; until [ -e $HERE/go ]; do sleep 0.05; done; echo after; exit 4")
    process = await bench.start(order)
    bench.wait_for(order, "before")

    shutil.rmtree(bench.runner.state / "job")
    (bench.runner.folder / "go").touch()
    eventually(lambda: not is_alive(process.pid))
    ended = await bench.end(order)
    next_one, log = await bench.run("echo next")

    assert (ended.cause, ended.exit_code) == (EndCause.EXIT, 4)
    assert (next_one.exit_code, log) == (0, "next\n")


async def test_a_directory_that_is_deleted_under_a_live_attempt_is_unknown_to_the_next_runner(
    bench: Bench,
) -> None:
    order = bench.order("until [ -e $HERE/go ]; do sleep 0.05; done")
    process = await bench.start(order)

    shutil.rmtree(bench.runner.state / "job")
    bench.runner.kill9()
    bench.runner.start()
    await bench.reconnect()
    (bench.runner.folder / "go").touch()
    eventually(lambda: not is_alive(process.pid))
    report = (await soon(bench.client.report([order.ref])))[order.ref.id]
    next_one, _ = await bench.run("true")

    assert report.ended is None or report.ended.cause is EndCause.UNKNOWN
    assert next_one.exit_code == 0


@pytest.mark.parametrize("name", ["pid", "exit", "was", "output.idx"])
async def test_files_of_the_runner_that_hold_anything_harm_nothing(bench: Bench, name: str) -> None:
    order = bench.order("echo before; until [ -e $HERE/go ]; do sleep 0.05; done; exit 5")
    await bench.start(order)
    bench.wait_for(order, "before")
    files = bench.runner.state / "job" / str(order.ref.number) / "main.1"

    (files / name).write_bytes(b"\xff{torn")
    (bench.runner.folder / "go").touch()
    ended = await bench.end(order)

    assert (ended.cause, ended.exit_code) == (EndCause.EXIT, 5)
    assert bench.log(order) == "before\n"


async def test_a_runner_that_takes_over_gets_along_with_torn_files(bench: Bench) -> None:
    order = bench.order("echo before; until [ -e $HERE/go ]; do sleep 0.05; done; echo after")
    await bench.start(order)
    bench.wait_for(order, "before")
    files = bench.runner.state / "job" / str(order.ref.number) / "main.1"

    bench.runner.kill9()
    for name in ("pid", "output.idx"):
        (files / name).write_bytes(b"\xff{torn")
    bench.runner.start()
    await bench.reconnect()
    (bench.runner.folder / "go").touch()
    ended = await bench.end(order)

    assert ended.cause is EndCause.UNKNOWN  # another runner was its parent
    assert "before" in bench.log(order)


async def test_something_else_in_the_place_of_a_directory_refuses_that_start_alone(bench: Bench) -> None:
    first = bench.order("true")
    where = bench.runner.state / "job"
    where.write_text("not a directory")

    refused = await soon(bench.client.start(first))
    where.unlink()
    await bench.start(first)

    assert isinstance(refused, Refused)
    assert refused.code == "ENOTDIR"
    assert (await bench.end(first)).exit_code == 0


async def test_a_job_may_put_anything_in_the_place_of_its_own_files(bench: Bench) -> None:
    aside = bench.runner.folder / "aside"
    aside.write_text("precious")
    script = (
        "cd $(dirname $ROTA_OUTPUT); rm -f out outputs; ln -s $HERE/aside out; ln -s $HERE/aside outputs;"
        " echo still here; until [ -e $HERE/go ]; do sleep 0.05; done"
    )
    order = bench.order(script)
    await bench.start(order)
    bench.wait_for(order, "still here")

    bench.runner.kill9()
    bench.runner.start()
    await bench.reconnect()
    (bench.runner.folder / "go").touch()
    ended = await bench.end(order)

    assert ended.cause is EndCause.UNKNOWN
    assert aside.read_text() == "precious"
    eventually(lambda: not list(Path(bench.runner.state / ".notify").iterdir()))


def _as_nobody(first: str) -> str:
    """A main that becomes nobody once it runs: the interpreter may lie where others can't look."""
    return (
        "import os, pwd, resource, sys\n"
        "from rota.runner.__main__ import main\n"
        "if os.geteuid() == 0:\n"
        "    nobody = pwd.getpwnam('nobody')\n"
        "    os.chown(os.path.dirname(sys.argv[4]), nobody.pw_uid, nobody.pw_gid)\n"
        "    os.setgroups([])\n"
        "    os.setgid(nobody.pw_gid)\n"
        "    os.setuid(nobody.pw_uid)\n"
        f"{first}\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
