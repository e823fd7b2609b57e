"""Warnings about the jobs in force."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fakes.clock import FakeClock
from fakes.engine import FakeEngine
from fakes.jobs import a_job
from rota.core.events import JobChanged
from rota.core.model import JobSpec
from rota.core.run import RunState
from rota.core.seams import RunBar
from rota.core.triggers import CronTrigger, EveryTrigger
from rota.engine.advisor import Advisor

BEFORE_SUMMER = datetime(2027, 3, 27, 23, 0, tzinfo=UTC)


def a_night_job() -> JobSpec:
    return a_job(triggers=(CronTrigger(expression="30 2 * * *", timezone="Europe/Berlin"),))


async def test_jobs_that_were_read_are_advised_upon_and_their_pages_drawn_again() -> None:
    async with FakeEngine(a_night_job(), clock=FakeClock(BEFORE_SUMMER)) as engine:
        await Advisor(engine.parts).step()

        (warning,) = engine.board.advice
        assert warning.rule == "clock-change"
        assert "2027-03-28" in warning.message
        assert JobChanged(job=a_night_job().id) in engine.events


async def test_advice_is_asked_for_again_as_time_goes_on_and_not_at_every_look() -> None:
    async with FakeEngine(a_night_job(), clock=FakeClock(BEFORE_SUMMER)) as engine:
        advisor = Advisor(engine.parts)
        await advisor.step()
        first = engine.board.advice

        await advisor.step()
        at_once = engine.board.advice
        engine.clock.step_wall(timedelta(days=2))
        await advisor.step()

        assert at_once is first
        assert "2027-10-31" in engine.board.advice[0].message


async def test_a_history_of_runs_longer_than_their_interval_is_told() -> None:
    often = a_job(triggers=(EveryTrigger(interval=timedelta(minutes=5)),))
    async with FakeEngine(often) as engine:
        bars = [
            RunBar(number=n, state=RunState.COMPLETED, at=engine.clock.now(), duration_ms=420_000)
            for n in range(1, 4)
        ]
        engine.board.jobs[often.id].bars.extend(bars)

        await Advisor(engine.parts).step()

        (warning,) = engine.board.advice
        assert "a run usually takes 7 minutes, and the next is due after 5 minutes" in warning.message


async def test_jobs_that_do_as_they_say_get_no_advice() -> None:
    async with FakeEngine(a_job()) as engine:
        await Advisor(engine.parts).step()

        assert engine.board.advice == ()
