"""Daemon and runner are of different releases, as they are while one of them is upgraded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from eventually import eventually
from rota.core.seams import EndCause
from rota.engine.clock import SystemClock
from rota.runner.protocol import VERSION, version_text
from runner_process import RunnerProcess, a_bench, is_alive, soon

OTHER = str(Path(__file__).with_name("other_version.py"))
MAJOR, MINOR = VERSION
GO = "echo one; until test -e $HERE/go; do sleep 0.01; done; echo two; exit 5"


@pytest.mark.parametrize("minor", [MINOR - 1, MINOR + 1])
async def test_a_runner_that_is_one_minor_version_apart_is_understood(minor: int) -> None:
    async with a_bench(OTHER, f"{MAJOR}.{minor}") as bench:
        order = bench.order(GO)
        await bench.start(order)
        await bench.reconnect()  # its table is understood as well
        (bench.runner.folder / "go").touch()
        ended = await bench.end(order)

        assert (ended.cause, ended.exit_code, bench.log(order)) == (EndCause.EXIT, 5, "one\ntwo\n")
        assert bench.client.facts is not None
        assert bench.client.facts.version == f"{MAJOR}.{minor}"


async def test_an_older_runner_becomes_the_installed_one_and_keeps_its_children() -> None:
    async with a_bench(OTHER, f"{MAJOR}.{MINOR - 1}") as bench:
        order = bench.order(GO)
        started = await bench.start(order)
        bench.wait_for(order, "one")

        bench.runner.reload()
        eventually(lambda: "other_version" not in command_of(bench.runner))
        await bench.reconnect()
        await soon(bench.client.report([order.ref]))
        (bench.runner.folder / "go").touch()
        ended = await bench.end(order)

        assert (ended.cause, ended.exit_code, bench.log(order)) == (EndCause.EXIT, 5, "one\ntwo\n")
        assert not is_alive(started.pid)
        assert bench.client.facts is not None
        assert bench.client.facts.version == version_text()


@pytest.mark.parametrize("version", [f"{MAJOR + 1}.0", f"{MAJOR}.{MINOR + 2}"])
async def test_a_runner_that_is_too_far_apart_says_so_and_what_to_do(version: str) -> None:
    async with a_bench(OTHER, version) as bench:
        async with asyncio.timeout(20):
            while not bench.client.problem:
                await SystemClock().sleep(0.01)

        assert bench.client.problem.startswith(f"this runner speaks {version}, not {version_text()}")
        assert "systemctl reload rota-runner" in bench.client.problem
        assert bench.client.facts is None


def command_of(runner: RunnerProcess) -> str:
    return Path(f"/proc/{runner.process.pid}/cmdline").read_text()
