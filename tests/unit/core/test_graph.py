"""What comes before a step of a graph, and whose turn it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fakes.graphs import a_graph, with_step
from fakes.jobs import a_job
from rota.core import happenings as h
from rota.core.attempt_life import ImpossibleChange, open_attempts
from rota.core.graph import ancestors, before, in_order, ready, settled
from rota.core.lifecycle import apply, apply_all, new_run, turns
from rota.core.model import JobSpec, Retry
from rota.core.outcome import Outcome
from rota.core.run import Reason, Run, RunState, Step, StepState, TriggeredBy

AT = datetime(2026, 1, 1, tzinfo=UTC)
OK = Outcome(state=StepState.COMPLETED, reason=Reason.EXIT, message="exit code 0", exit_code=0)
BAD = Outcome(state=StepState.FAILED, reason=Reason.EXIT, message="exit code 3", exit_code=3)
DIAMOND = a_graph("dump", "verify: dump", "upload: dump", "report: verify upload")


def new(spec: JobSpec) -> Run:
    return new_run(spec, h.Opening(at=AT, triggered_by=TriggeredBy.MANUAL))


def created(step: str) -> h.AttemptCreated:
    return h.AttemptCreated(at=AT, id=step, step=step, boot_id="b", definition="hash-1", markers=True)


def begun(run: Run, *steps: str) -> Run:
    for step in steps:
        run = apply_all(run, [created(step), h.AttemptStarted(at=AT, attempt=step, pid=1, pid_started=1)])
    return run


def ended(run: Run, step: str, outcome: Outcome = OK) -> Run:
    return apply(run, h.AttemptEnded(at=AT, attempt=step, outcome=outcome))


def names(*steps: Step) -> list[str]:
    return [step.key for step in steps]


def test_before_a_step_come_all_that_it_needs_and_that_those_need() -> None:
    steps = new(DIAMOND).steps

    assert names(*before(steps, "report")) == ["dump", "verify", "upload"]
    assert names(*before(steps, "upload")) == ["dump"]


def test_before_a_step_in_order_come_those_before_it_in_the_list() -> None:
    steps = new(a_job(steps=("a", "b", "c"))).steps

    assert names(*before(steps, "b")) == ["a"]


def test_steps_in_a_circle_have_nothing_before_them() -> None:
    assert ancestors((("a", ("b",)), ("b", ("a",)), ("c", ()))) == {"c": frozenset()}


def test_steps_are_listed_after_what_they_need() -> None:
    steps = new(a_graph("report: verify", "dump", "verify: dump", "other")).steps

    assert names(*in_order(steps)) == ["dump", "verify", "report", "other"]


def test_the_turn_of_a_step_comes_when_all_that_it_needs_has_ended() -> None:
    run = begun(new(DIAMOND), "dump")
    assert turns(run) == ()

    run = ended(run, "dump")
    assert turns(run) == ("verify", "upload")

    run = ended(begun(run, "verify", "upload"), "verify")
    assert turns(run) == ()
    assert turns(ended(run, "upload")) == ("report",)


def test_a_step_that_runs_in_any_case_waits_for_branches_behind_one_that_was_skipped() -> None:
    graph = a_graph("build", "check", "deploy: build check", "clean: deploy")
    run = begun(new(with_step(graph, "clean", when="always")), "build", "check")

    run = ended(run, "build", BAD)
    assert [step.state for step in run.steps if step.key == "deploy"] == [StepState.SKIPPED]
    assert turns(run) == ()

    assert turns(ended(run, "check")) == ("clean",)


def test_nothing_begins_in_a_run_that_is_to_end() -> None:
    run = ended(begun(new(DIAMOND), "dump"), "dump")

    assert ready(apply(run, h.CancelRequested(at=AT))) == ()


def test_an_attempt_before_its_turn_is_impossible() -> None:
    with pytest.raises(ImpossibleChange):
        apply(new(DIAMOND), created("verify"))
    with pytest.raises(ImpossibleChange):
        apply(begun(new(DIAMOND), "dump"), created("dump"))


def test_several_open_attempts_are_told_apart_by_their_ids() -> None:
    run = begun(new(a_graph("app", "crm")), "app", "crm")

    told = apply(run, h.OutputSet(attempt="crm", key="rows", value="7"))

    assert len(open_attempts(told)) == 2
    assert [dict(step.outputs) for step in told.steps] == [{}, {"rows": "7"}]
    with pytest.raises(ImpossibleChange):
        apply(run, h.OutputSet(key="rows", value="7"))


def test_all_first_attempts_of_a_try_count_as_one_of_the_run() -> None:
    run = begun(new(a_graph("app", "crm")), "app", "crm")

    assert run.attempt == 1


def test_a_failure_is_followed_at_once_where_no_other_try_can_come() -> None:
    run = ended(begun(new(DIAMOND), "dump"), "dump", BAD)

    assert [step.state for step in run.steps[1:]] == [StepState.SKIPPED] * 3
    assert run.state is RunState.RUNNING  # until it is said that the try has ended


def test_a_failure_has_no_consequences_while_another_try_may_come() -> None:
    run = ended(begun(new(replace(DIAMOND, retry=Retry(attempts=2))), "dump"), "dump", BAD)
    assert [step.state for step in run.steps[1:]] == [StepState.PENDING] * 3

    again = apply(run, h.TryEnded(at=AT, next_attempt_at=AT))
    over = apply(run, h.TryEnded(at=AT))

    assert (again.state, again.message) == (RunState.RETRYING, "step dump: exit code 3 on attempt 1 of 2")
    assert (over.state, over.steps[1].reason) == (RunState.FAILED, Reason.DEPENDENCY)


def test_a_try_with_something_under_way_has_not_ended() -> None:
    with pytest.raises(ImpossibleChange):
        apply(begun(new(DIAMOND), "dump"), h.TryEnded(at=AT))


def test_a_step_for_failures_is_left_out_once_all_before_it_went_well() -> None:
    spec = with_step(a_graph("app", "crm", "alarm: app crm"), "alarm", when="failure")
    run = ended(begun(new(spec), "app", "crm"), "app")
    assert run.steps[2].state is StepState.PENDING

    assert ended(run, "crm").steps[2].reason is Reason.CONDITION


def test_settling_twice_changes_nothing() -> None:
    run = ended(begun(new(DIAMOND), "dump"), "dump", BAD)

    assert settled(run.steps, over=True) == run.steps
