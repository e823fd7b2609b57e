from __future__ import annotations

from dataclasses import replace

from fakes.clock import FakeClock
from fakes.web import WebWorld
from rota.core.run import Run, RunState
from rota.web.announcer import QUIET_SECONDS, Announcer


async def a_failed_run(job: str = "backup", number: int = 1) -> Run:
    run = await WebWorld().begin()
    return replace(run, job=job, number=number, state=RunState.FAILED, message="exit code 3")


async def test_the_first_failure_is_told_at_once_and_the_next_ones_together() -> None:
    clock, said = FakeClock(), list[tuple[str, str, str]]()
    announcer = Announcer(clock, lambda *words: said.append(words))

    announcer.failed(await a_failed_run("a"))
    announcer.failed(await a_failed_run("b"))
    announcer.failed(await a_failed_run("c"))
    assert said == [("assertive", "a.1 failed: exit code 3", "run/a.1")]
    await clock.advance(QUIET_SECONDS)

    assert said[1:] == [("assertive", "2 runs failed: b, c", "overview")]
    announcer.close()


async def test_after_a_quiet_time_a_failure_is_told_at_once_again() -> None:
    clock, said = FakeClock(), list[str]()
    announcer = Announcer(clock, lambda _level, text, _ref: said.append(text))

    announcer.failed(await a_failed_run(number=1))
    await clock.advance(QUIET_SECONDS)
    announcer.failed(await a_failed_run(number=2))

    assert len(said) == 2
    announcer.close()
