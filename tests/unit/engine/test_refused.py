"""A rename that can't be is told where people look: with the problems of the job files."""

from __future__ import annotations

from fakes.engine import FakeEngine
from fakes.jobs import a_job


async def test_a_rename_that_is_refused_is_a_warning_of_the_file() -> None:
    async with FakeEngine(a_job("old"), a_job("new")) as engine:
        for job in ("old", "new"):
            await engine.start(job)
            engine.hands.process().end(0)
            await engine.settle()
        del engine.specs["old"]

        await engine.load(a_job("new", renamed_from="old"))

        (warning,) = engine.board.problems
        assert (warning.severity, warning.rule) == ("warning", "renamed-from")
        assert warning.message == "the runs of old stay there: new has runs of its own with the same numbers"
        await engine.load(a_job("new"))
        assert engine.board.problems == ()


async def test_a_rename_that_happens_warns_of_nothing() -> None:
    async with FakeEngine(a_job("old")) as engine:
        await engine.start("old")
        engine.hands.process().end(0)
        await engine.settle()
        del engine.specs["old"]

        await engine.load(a_job("new", renamed_from="old"))
        await engine.load()

        assert engine.board.problems == ()
        assert (await engine.latest("new")).number == 1
