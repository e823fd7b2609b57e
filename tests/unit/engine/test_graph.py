"""Steps that run side by side."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fakes.engine import FakeEngine
from fakes.graphs import a_graph, going_on, process, with_step
from fakes.hands import FACTS
from fakes.jobs import a_job
from rota.core.attempt_life import open_attempts
from rota.core.errors import Conflict
from rota.core.model import Command, Condition, ExitCodes, JobSpec, Limits, Retry
from rota.core.run import Reason, Run, RunState, StepState
from rota.core.seams import EndCause

SECOND = timedelta(seconds=1)
OWN = Retry(attempts=3, delay=10 * SECOND)
DIAMOND = a_graph("dump", "verify: dump", "upload: dump", "report: verify upload")


async def end(engine: FakeEngine, *ends: str) -> None:
    """`end(engine, "dump.1", "verify.1=3")`: these processes end, one after another, with that exit code."""
    for written in ends:
        name, _, code = written.partition("=")
        process(engine.hands, name).end(int(code or 0))
        await engine.settle()


def states(run: Run) -> dict[str, str]:
    return {step.key: step.state.value + (f" {step.reason}" if step.reason else "") for step in run.steps}


async def test_what_is_ready_runs_at_the_same_time() -> None:
    async with FakeEngine(DIAMOND) as engine:
        await engine.start()
        assert going_on(engine.hands) == ["dump.1"]

        await end(engine, "dump.1")
        assert going_on(engine.hands) == ["verify.1", "upload.1"]

        await end(engine, "upload.1")
        assert going_on(engine.hands) == ["verify.1"]

        await end(engine, "verify.1", "report.1")
        run = await engine.latest()
        assert (run.state, run.progress.percent, run.attempt) == (RunState.COMPLETED, 100, 1)
        assert [attempt.step for attempt in run.attempts] == ["dump", "verify", "upload", "report"]
        assert len(engine.hands.acked) == 4


async def test_steps_without_needs_start_at_once_in_a_graph() -> None:
    async with FakeEngine(a_graph("app", "crm", "upload: app crm")) as engine:
        run = await engine.start()

        assert going_on(engine.hands) == ["app.1", "crm.1"]
        assert run.attempt == 1


async def test_a_condition_is_asked_once_before_any_step() -> None:
    asked = Condition(work=Command(argv=("/bin/true",)), text="true")
    async with FakeEngine(a_graph("app", "crm", condition=asked)) as engine:
        await engine.start()
        assert going_on(engine.hands) == ["condition.1"]

        await engine.restart()
        await end(engine, "condition.1")

        assert going_on(engine.hands) == ["app.1", "crm.1"]
        assert (await engine.latest()).attempt == 1


async def test_what_depends_on_a_failed_step_is_skipped_and_other_branches_go_on() -> None:
    async with FakeEngine(a_graph("app", "crm", "check: app", "send: crm", "all: check send")) as engine:
        await engine.start()
        await end(engine, "app.1=3")
        run = await engine.latest()
        assert (run.state, run.message) == (RunState.RUNNING, "step app: exit code 3")

        await end(engine, "crm.1", "send.1")

        run = await engine.latest()
        assert states(run) == {
            "app": "failed exit",
            "crm": "completed exit",
            "check": "skipped dependency",
            "send": "completed exit",
            "all": "skipped dependency",
        }
        assert (run.state, run.message, run.exit_code) == (RunState.FAILED, "step app: exit code 3", 3)


async def test_the_first_step_of_the_list_that_failed_is_the_cause() -> None:
    async with FakeEngine(a_graph("app", "crm")) as engine:
        await engine.start()
        await end(engine, "crm.1=4", "app.1=3")

        run = await engine.latest()
        assert (run.message, run.exit_code) == ("step app: exit code 3", 3)


async def test_a_step_for_failures_looks_at_what_comes_before_it_alone() -> None:
    spec = a_graph("app", "crm", "send: app", "app_alarm: send", "crm_alarm: crm", "tidy: app crm")
    for key, when in (("app_alarm", "failure"), ("crm_alarm", "failure"), ("tidy", "always")):
        spec = with_step(spec, key, when=when)
    async with FakeEngine(spec) as engine:
        await engine.start()
        await end(engine, "app.1=1")
        assert going_on(engine.hands) == ["crm.1", "app_alarm.1"]

        await end(engine, "crm.1", "tidy.1", "app_alarm.1")

        run = await engine.latest()
        assert states(run)["crm_alarm"] == "skipped condition"
        assert states(run)["send"] == "skipped dependency"
        assert (run.state, run.message) == (RunState.FAILED, "step app: exit code 1")


async def test_an_expression_sees_the_steps_before_it() -> None:
    spec = a_graph("app", "crm", "send: app", "late: send")
    spec = with_step(spec, "send", when="{{ steps.app.outputs.rows > 0 }}")
    async with FakeEngine(spec) as engine:
        await engine.start()
        process(engine.hands, "app.1").write("::output rows=0\n")
        await end(engine, "app.1", "late.1", "crm.1")

        run = await engine.latest()
        assert (run.state, run.progress.percent) == (RunState.COMPLETED, 100)
        assert states(run)["send"] == "skipped condition"


async def test_outputs_reach_the_steps_after_and_no_others() -> None:
    async with FakeEngine(a_graph("app", "crm", "send: app")) as engine:
        await engine.start()
        process(engine.hands, "app.1").write("::output rows=7\n")
        process(engine.hands, "crm.1").write("::output rows=8\n")
        await end(engine, "crm.1", "app.1")

        env = engine.hands.orders[-1].env
        assert env["STEPS_APP_OUTPUTS_ROWS"] == "7"
        assert "STEPS_CRM_OUTPUTS_ROWS" not in env


async def test_a_step_that_had_nothing_to_do_takes_along_what_needs_it() -> None:
    codes = ExitCodes(skip=frozenset({99}))
    async with FakeEngine(a_graph("app", "crm", "send: app", exit_codes=codes)) as engine:
        await engine.start()
        await end(engine, "app.1=99", "crm.1")

        run = await engine.latest()
        assert (run.state, run.message) == (RunState.COMPLETED, "exit code 0")
        assert (states(run)["app"], states(run)["send"]) == ("skipped exit_code", "skipped dependency")

    async with FakeEngine(a_graph("app", "send: app", exit_codes=codes)) as engine:
        await engine.start()
        await end(engine, "app.1=99")

        skipped = await engine.store.run("backup", 1)
        assert skipped is not None
        assert (skipped.state, skipped.reason) == (RunState.SKIPPED, Reason.EXIT_CODE)


# --- retry ---


def own() -> JobSpec:
    return with_step(a_graph("app", "crm", "send: app crm"), "app", retry=OWN)


async def test_a_step_waits_for_its_own_retry_while_others_go_on() -> None:
    async with FakeEngine(own()) as engine:
        run = await engine.start()
        await end(engine, "app.1=1")

        run = await engine.latest()
        waiting = run.attempts[-1]
        assert (run.state, run.next_attempt_at) == (RunState.RUNNING, None)
        assert (waiting.state, waiting.not_before) == (StepState.PENDING, engine.clock.now() + 10 * SECOND)
        assert going_on(engine.hands) == ["crm.1"]

        await engine.clock.advance(10)
        assert going_on(engine.hands) == ["crm.1", "app.2"]

        await end(engine, "app.2", "crm.1", "send.1")
        run = await engine.latest()
        assert (run.state, run.attempt) == (RunState.COMPLETED, 1)


async def test_a_run_that_only_waits_is_retrying_and_gives_its_place_away() -> None:
    spec = own()
    async with FakeEngine(spec, replace(a_graph("x"), id="other"), max_running=1) as engine:
        await engine.start()
        await end(engine, "app.1=1", "crm.1")
        run = await engine.latest()
        assert (run.state, run.reason) == (RunState.RETRYING, Reason.EXIT)
        assert run.message == "step app: exit code 1 on attempt 1 of 3"
        assert run.next_attempt_at == run.attempts[-1].not_before

        await engine.start("other")
        await engine.clock.advance(10)
        assert going_on(engine.hands) == ["x.1"]  # the place is taken

        await end(engine, "x.1", "app.2", "send.1")
        run = await engine.latest()
        assert (run.state, run.attempt) == (RunState.COMPLETED, 1)


async def test_two_steps_that_wait_are_tried_again_each_at_its_time() -> None:
    spec = with_step(own(), "crm", retry=Retry(attempts=2, delay=30 * SECOND))
    async with FakeEngine(spec) as engine:
        await engine.start()
        await end(engine, "crm.1=1", "app.1=1")
        assert (await engine.latest()).state is RunState.RETRYING

        await engine.clock.advance(10)
        assert going_on(engine.hands) == ["app.2"]
        assert (await engine.latest()).state is RunState.RUNNING

        await end(engine, "app.2")
        assert (await engine.latest()).state is RunState.RETRYING
        await engine.clock.advance(20)
        await end(engine, "crm.2", "send.1")
        assert (await engine.latest()).state is RunState.COMPLETED


async def test_a_retry_ends_the_wait_also_beside_a_step_that_runs() -> None:
    async with FakeEngine(own()) as engine:
        await engine.start()
        await end(engine, "app.1=1")

        await engine.operations.retry("backup.1")
        await engine.settle()

        assert going_on(engine.hands) == ["crm.1", "app.2"]
        with pytest.raises(Conflict, match="it is running"):
            await engine.operations.retry("backup.1")


async def test_a_wait_outlives_a_restart() -> None:
    async with FakeEngine(own()) as engine:
        await engine.start()
        await end(engine, "app.1=1")
        await engine.restart()
        assert going_on(engine.hands) == ["crm.1"]

        await engine.clock.advance(9)
        assert going_on(engine.hands) == ["crm.1"]
        await engine.clock.advance(1)

        assert going_on(engine.hands) == ["crm.1", "app.2"]
        await end(engine, "crm.1", "app.2", "send.1")
        assert (await engine.latest()).state is RunState.COMPLETED


async def test_a_run_that_only_waits_outlives_a_restart() -> None:
    async with FakeEngine(own()) as engine:
        await engine.start()
        await end(engine, "app.1=1", "crm.1")
        await engine.restart()
        await engine.clock.advance(10)

        await end(engine, "app.2", "send.1")
        run = await engine.latest()
        assert (run.state, run.attempt) == (RunState.COMPLETED, 1)


async def test_when_its_own_retry_is_used_up_the_step_has_failed() -> None:
    spec = replace(own(), retry=Retry(attempts=9))
    async with FakeEngine(spec) as engine:
        await engine.start()
        await end(engine, "crm.1")
        for name in ("app.1=1", "app.2=1", "app.3=1"):
            await end(engine, name)
            await engine.clock.advance(10)

        run = await engine.latest()
        assert (run.state, run.message) == (RunState.FAILED, "step app: exit code 1 on attempt 3 of 3")
        assert states(run)["send"] == "skipped dependency"


async def test_a_pause_holds_a_step_that_waits() -> None:
    async with FakeEngine(own()) as engine:
        await engine.start()
        await end(engine, "app.1=1")
        await engine.operations.pause("backup")
        await engine.clock.advance(60)
        assert going_on(engine.hands) == ["crm.1"]

        await engine.operations.resume("backup")
        await engine.settle()

        assert going_on(engine.hands) == ["crm.1", "app.2"]


def tries(**settings: Any) -> JobSpec:
    spec = a_graph(
        "app", "crm", "send: app", "alarm: send", retry=Retry(attempts=2, delay=10 * SECOND, **settings)
    )
    return with_step(spec, "alarm", when="failure")


async def test_the_retry_of_the_job_begins_when_all_branches_have_ended() -> None:
    async with FakeEngine(tries()) as engine:
        await engine.start()
        await end(engine, "app.1=1")
        assert states(await engine.latest())["send"] == "pending"
        await engine.clock.advance(60)
        assert going_on(engine.hands) == ["crm.1"]

        await end(engine, "crm.1")
        run = await engine.latest()
        assert (run.state, run.message) == (RunState.RETRYING, "step app: exit code 1 on attempt 1 of 2")
        assert run.next_attempt_at == engine.clock.now() + 10 * SECOND

        await engine.clock.advance(10)
        assert going_on(engine.hands) == ["app.2"]  # what completed stays
        await end(engine, "app.2", "send.1")
        assert ((run := await engine.latest()).state, run.attempt) == (RunState.COMPLETED, 2)
        assert states(run)["alarm"] == "skipped condition"


async def test_restart_runs_all_of_them_again() -> None:
    async with FakeEngine(tries(restart=True)) as engine:
        await engine.start()
        await end(engine, "app.1=1", "crm.1")
        await engine.clock.advance(10)

        assert going_on(engine.hands) == ["app.2", "crm.2"]
        assert (await engine.latest()).attempt == 2


async def test_what_follows_a_failure_waits_for_the_last_try() -> None:
    async with FakeEngine(tries()) as engine:
        await engine.start()
        await end(engine, "app.1=1", "crm.1")
        await engine.clock.advance(10)
        await end(engine, "app.2=1")
        assert going_on(engine.hands) == ["alarm.1"]

        await end(engine, "alarm.1")
        run = await engine.latest()
        assert (run.state, run.message) == (RunState.FAILED, "step app: exit code 1 on attempt 2 of 2")


async def test_a_failure_that_no_try_can_mend_is_followed_at_once_when_all_have_ended() -> None:
    spec = replace(tries(), exit_codes=ExitCodes(fatal=frozenset({64})))
    async with FakeEngine(spec) as engine:
        await engine.start()
        await end(engine, "app.1=64", "crm.1=1", "alarm.1")

        run = await engine.latest()
        assert (run.state, run.attempt) == (RunState.FAILED, 1)


async def test_a_retry_of_the_ended_run_goes_on_from_what_failed() -> None:
    async with FakeEngine(a_graph("app", "crm", "send: app crm")) as engine:
        await engine.start()
        await end(engine, "app.1=1", "crm.1")
        await engine.operations.retry("backup.1")
        await engine.settle()

        assert going_on(engine.hands) == ["app.1"]
        run = await engine.latest()
        assert states(run)["crm"].startswith("completed")
        engine.hands.process().end(0)
        await engine.settle()
        engine.hands.process().end(0)
        await engine.settle()
        assert ((run := await engine.latest()).id, run.state) == ("backup.2", RunState.COMPLETED)


# --- cancel, limits, recovery ---


async def test_a_cancel_ends_every_process_of_the_run() -> None:
    async with FakeEngine(own()) as engine:
        await engine.start()
        await engine.operations.cancel("backup.1")
        await engine.settle()

        run = await engine.latest()
        assert (run.state, going_on(engine.hands)) == (RunState.CANCELLED, [])
        assert len(engine.hands.terminated) == 2
        assert states(run)["send"] == "skipped cancelled"


async def test_a_cancel_waits_for_the_last_process_and_starts_none() -> None:
    async with FakeEngine(own()) as engine:
        await engine.start()
        engine.hands.obeys = False
        await end(engine, "app.1=1")
        await engine.operations.cancel("backup.1")
        await engine.clock.advance(60)
        assert going_on(engine.hands) == ["crm.1"]
        assert not (await engine.latest()).state.is_final

        process(engine.hands, "crm.1").end(cause=EndCause.KILLED, signal=9)
        await engine.settle()

        run = await engine.latest()
        assert run.state is RunState.CANCELLED
        assert [attempt.state for attempt in run.attempts][-1] is StepState.CANCELLED


async def test_a_cancel_of_a_run_that_waits_for_a_runner_ends_it() -> None:
    async with FakeEngine(own()) as engine:
        engine.hands.facts = None
        await engine.start()
        await engine.operations.cancel("backup.1")
        await engine.settle()

        assert (await engine.latest()).state is RunState.CANCELLED


async def test_a_run_whose_last_steps_end_well_in_spite_of_a_cancel_has_completed() -> None:
    async with FakeEngine(a_graph("app", "crm")) as engine:
        await engine.start()
        engine.hands.obeys = False
        await engine.operations.cancel("backup.1")
        await end(engine, "app.1", "crm.1")

        assert (await engine.latest()).state is RunState.COMPLETED


async def test_the_timeout_of_the_job_spans_all_steps_of_the_try() -> None:
    async with FakeEngine(replace(DIAMOND, limits=Limits(timeout=60 * SECOND))) as engine:
        await engine.start()
        await engine.clock.advance(40)
        await end(engine, "dump.1")

        assert {order.ref.step: order.timeout_ms for order in engine.hands.orders} == {
            "dump": 60_000,
            "verify": 20_000,
            "upload": 20_000,
        }


async def test_processes_of_one_run_are_all_taken_back() -> None:
    async with FakeEngine(DIAMOND) as engine:
        await engine.start()
        await end(engine, "dump.1")
        await engine.kill()
        process(engine.hands, "verify.1").end(0)
        await engine.restart()
        assert going_on(engine.hands) == ["upload.1"]

        await end(engine, "upload.1", "report.1")

        run = await engine.latest()
        assert run.state is RunState.COMPLETED
        assert len(engine.hands.orders) == 4


async def test_what_was_planned_but_not_started_when_the_daemon_died_starts_once() -> None:
    async with FakeEngine(a_graph("app", "crm")) as engine:
        engine.hands.facts = None
        await engine.start()
        await engine.kill()
        await engine.restart()
        engine.hands.facts = FACTS
        await engine.clock.advance(1)

        assert going_on(engine.hands) == ["app.1", "crm.1"]


async def test_steps_that_wait_for_a_runner_follow_a_job_that_changes() -> None:
    async with FakeEngine(a_graph("app", "crm")) as engine:
        engine.hands.facts = None
        await engine.start()
        await engine.load(a_graph("app", "mail", "web", "all: app mail web", version="2"))
        engine.hands.facts = FACTS
        await engine.clock.advance(1)

        assert sorted(going_on(engine.hands)) == ["app.1", "mail.1", "web.1"]
        run = await engine.latest()
        assert (run.attempt, run.definition, len(open_attempts(run))) == (1, "hash-2", 3)


async def test_a_job_with_one_piece_of_work_may_become_a_graph_before_it_starts() -> None:
    async with FakeEngine(a_job()) as engine:
        engine.hands.facts = None
        await engine.start()
        await engine.load(a_graph("app", "crm", version="2"))
        engine.hands.facts = FACTS
        await engine.clock.advance(1)

        assert sorted(going_on(engine.hands)) == ["app.1", "crm.1"]


async def test_branches_of_a_removed_job_end_in_peace() -> None:
    async with FakeEngine(DIAMOND, a_graph("x", version="3")) as engine:
        await engine.load(DIAMOND)
        await engine.start()
        await end(engine, "dump.1")
        await engine.remove("backup")
        await engine.restart()
        await end(engine, "verify.1", "upload.1")

        run = await engine.latest()
        assert (run.state, run.reason) == (RunState.FAILED, Reason.REMOVED)
        assert states(run)["upload"] == "completed exit"


async def test_progress_is_told_by_every_step_that_runs() -> None:
    async with FakeEngine(a_graph("app", "crm")) as engine:
        await engine.start()
        process(engine.hands, "app.1").write("::progress 1/2 Users\n")
        process(engine.hands, "crm.1").write("::progress 3/4 Orders\n")
        await engine.settle()

        (run,) = engine.entry().open_runs.values()
        assert run.progress.percent == 62
        assert [step.progress.text for step in run.steps] == ["Users", "Orders"]
