"""The list of a run's steps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fakes.views import NOW, a_run, an_ended_run
from rota.core.run import Attempt, Progress, Reason, Run, RunState, Step, StepState
from rota.views.progress import progress_bar
from rota.views.steps import Usual, step_list

SECOND = timedelta(seconds=1)


def rows(run: Run, usual: Usual | None = None) -> dict[str, dict[str, Any]]:
    node = step_list(run, usual or {}, shown=None, zone="UTC")
    listed: Any = node.props["steps"]
    return {row["key"]: row for row in listed}


def a_step(key: str, state: StepState = StepState.PENDING, *needs: str, **more: Any) -> Step:
    settings = {"started_at": None if state is StepState.PENDING else NOW - 9 * SECOND}
    return Step(key=key, title=key.capitalize(), state=state, needs=needs, **(settings | more))


def an_attempt(step: str, n: int = 1, **more: Any) -> Attempt:
    return Attempt(id=f"{step}-{n}", step=step, n=n, created_at=NOW, **more)


def test_a_step_of_a_graph_says_what_it_comes_after_and_what_it_waits_for() -> None:
    steps = (
        a_step("report", StepState.PENDING, "verify", "upload"),
        a_step("dump", StepState.COMPLETED, ended_at=NOW),
        a_step("verify", StepState.RUNNING, "dump", progress=Progress(current=1, total=4, text="Users")),
        a_step("upload", StepState.RUNNING, "dump"),
    )
    run = a_run(steps=steps)
    node = step_list(run, {"verify": 20 * SECOND}, shown="verify", zone="UTC")

    shown = rows(run, {"verify": 20 * SECOND})
    assert list(shown) == ["dump", "verify", "upload", "report"]
    assert shown["report"]["note"] == "waits for Verify and Upload"
    assert shown["verify"]["note"] == "Users; after Dump"
    assert (shown["verify"]["value"], shown["verify"]["expectMs"]) == (0.25, 20_000)
    assert "note" not in shown["dump"]
    bar = progress_bar("progress", run, None, now=NOW, label="Progress")
    assert bar.props["stepText"] == "2 of 4 steps at once: Verify, Upload"
    assert node.text == "1 of 4 steps completed, now Verify and Upload"
    assert (node.props["current"], node.props["shown"]) == ("verify", "verify")


def test_a_step_behind_one_that_was_skipped_says_what_still_goes_on_before_it() -> None:
    steps = (
        a_step("build", StepState.FAILED, ended_at=NOW),
        a_step("check", StepState.RUNNING),
        a_step("deploy", StepState.SKIPPED, "build", "check", reason=Reason.DEPENDENCY),
        a_step("clean", StepState.PENDING, "deploy", when="always"),
    )

    assert rows(a_run(steps=steps), {})["clean"]["note"] == "waits for Check"


def test_a_step_that_waits_to_be_tried_again_says_why_and_until_when() -> None:
    step = a_step("dump", attempt=2, max_attempts=3)
    failed = an_attempt("dump", state=StepState.FAILED, reason=Reason.EXIT, message="exit code 3")
    waiting = an_attempt("dump", 2, not_before=NOW + 10 * SECOND)

    row = rows(a_run(steps=(step,), attempts=(failed, waiting)))["dump"]

    assert (row["state"], row["attempt"], row["maxAttempts"]) == ("retrying", 2, 3)
    assert row["note"] == f"exit code 3, tried again at {NOW + 10 * SECOND:%H:%M:%S}"
    assert "attempt=1" in row["href"]  # the one that has a log


def test_a_skipped_step_says_what_stood_in_its_way() -> None:
    steps = (
        a_step("dump", StepState.FAILED, ended_at=NOW, reason=Reason.EXIT),
        a_step("idle", StepState.SKIPPED, reason=Reason.EXIT_CODE),
        a_step("verify", StepState.SKIPPED, "dump", reason=Reason.DEPENDENCY),
        a_step("prune", StepState.SKIPPED, "idle", reason=Reason.DEPENDENCY),
        a_step("tidy", StepState.SKIPPED, "dump", reason=Reason.CONDITION),
    )

    shown = rows(an_ended_run(RunState.FAILED, steps=steps))

    assert shown["verify"]["note"] == "Dump failed"
    assert shown["prune"]["note"] == "Idle had nothing to do"
    assert shown["tidy"]["note"] == "its condition was not met"


def test_steps_in_order_say_only_what_is_odd() -> None:
    steps = (
        Step(key="dump", state=StepState.FAILED, reason=Reason.EXIT),
        Step(key="verify", state=StepState.SKIPPED, reason=Reason.DEPENDENCY),
        Step(key="prune", state=StepState.SKIPPED, reason=Reason.CANCELLED),
    )
    attempt = an_attempt("dump", state=StepState.FAILED, message="exit code 3")

    shown = rows(an_ended_run(RunState.FAILED, steps=steps, attempts=(attempt,)))

    notes = [row.get("note") for row in shown.values()]
    assert notes == ["exit code 3", "dump failed", "the run was cancelled before"]
