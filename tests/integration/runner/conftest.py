"""A runner of its own for each test, with a client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from runner_process import Bench, RunnerProcess


@pytest.fixture
def runner() -> Iterator[RunnerProcess]:
    runner = RunnerProcess()
    yield runner
    runner.clean()


@pytest.fixture
async def bench(runner: RunnerProcess) -> AsyncIterator[Bench]:
    bench = Bench(runner)
    await bench.client.open()
    yield bench
    await bench.client.close()
