"""Limits of an attempt that hold on every host, and what is said of those that do not hold here."""

from __future__ import annotations

from dataclasses import replace

from rota.core.seams import EndCause, Refused
from runner_process import Bench, soon


async def test_a_job_has_as_many_files_as_its_limit_says(bench: Bench) -> None:
    order = replace(bench.order("ulimit -Sn; until [ $(ulimit -Hn) = 64 ]; do sleep 0.01; done"), nofile=64)

    await bench.start(order)
    await bench.end(order)

    assert bench.log(order) == "64\n"


async def test_more_files_than_the_host_allows_are_refused(bench: Bench) -> None:
    refused = await soon(bench.client.start(replace(bench.order("true"), nofile=2**40)))

    assert isinstance(refused, Refused)
    assert refused.code == "EPERM"
    assert "this host allows at most" in refused.message


async def test_a_limit_that_is_required_and_can_not_be_held_is_refused_in_words(bench: Bench) -> None:
    required = replace(bench.order("echo ran"), memory=2**30, require_limits=True)

    answer = await soon(bench.client.start(required))
    ended, log = await bench.run("echo ran")

    facts = bench.client.facts
    assert facts is not None
    if "memory" in facts.unenforced:
        assert answer == Refused(
            code="ENOTSUP",
            message=f"limits.memory can't be enforced on this host: {facts.unenforced['memory']}",
        )
    assert (ended.exit_code, log) == (0, "ran\n")


async def test_a_job_without_a_sign_of_life_is_ended_by_its_watchdog(bench: Bench) -> None:
    order = replace(bench.order("echo one; sleep 0.3; echo two; sleep 60"), watchdog_ms=600)

    started = await bench.start(order)
    ended = await bench.end(order)

    assert (ended.cause, ended.signal) == (EndCause.WATCHDOG, 15)
    assert bench.log(order) == "one\ntwo\n"
    assert (ended.at - started.at).total_seconds() >= 0.9


async def test_a_notice_is_a_sign_of_life(bench: Bench) -> None:
    say = "s.sendto(b'WATCHDOG=1', os.environ['NOTIFY_SOCKET'])"
    script = f"import os, socket, time; s = socket.socket(1, 2); [({say}, time.sleep(0.2)) for _ in range(5)]"
    order = replace(bench.order(f'python3 -S -c "{script}"'), watchdog_ms=700)

    await bench.start(order)

    assert (await bench.end(order)).exit_code == 0


async def test_the_next_runner_goes_on_watching(bench: Bench) -> None:
    order = replace(bench.order("echo one; sleep 60"), watchdog_ms=700)
    await bench.start(order)
    bench.wait_for(order, "one")

    bench.runner.kill9()
    bench.runner.start()

    assert (await bench.end(order)).cause is EndCause.WATCHDOG


async def test_what_a_job_used_is_told(bench: Bench) -> None:
    ended, _ = await bench.run("python3 -S -c 'x = bytes([1]) * 80_000_000; sum(range(2_000_000))'")

    assert ended.used is not None
    assert ended.used.cpu_ms > 0
    assert ended.used.peak_bytes > 80_000_000
    assert ended.used.switches > 0
