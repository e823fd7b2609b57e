"""A runner that died while the disk was full is followed by another one, for what runs needs one."""

from __future__ import annotations

from file_systems import filled, memory
from runner_process import Bench, RunnerProcess


async def test_a_runner_starts_on_a_full_disk_and_leads_what_runs_to_its_end() -> None:
    runner = RunnerProcess()
    runner.kill9()
    try:
        with memory(runner.state, 2):
            runner.start()
            bench = Bench(runner)
            await bench.client.open()
            order = bench.order("until test -e $HERE/go; do sleep 0.01; done")
            started = await bench.start(order)
            with filled(runner.state):
                runner.kill9()
                runner.start()
                await bench.reconnect()
                (runner.folder / "go").touch()
                ended = await bench.end(order)
            await bench.client.close()
            runner.kill9()
    finally:
        runner.clean()

    assert started.pid > 0
    assert ended.cause.value == "unknown"  # nobody was its parent any more
