from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fakes.jobs import a_job
from rota.core import happenings as h
from rota.core.attempt_life import ImpossibleChange
from rota.core.lifecycle import TRANSITIONS, apply, apply_all, new_run, next_step
from rota.core.model import JobSpec, Retry
from rota.core.outcome import Outcome
from rota.core.run import Progress, Reason, Run, RunState, StepState, TriggeredBy

AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = AT + timedelta(minutes=1)
OK = Outcome(state=StepState.COMPLETED, reason=Reason.EXIT, message="completed", exit_code=0)
FAILED = Outcome(state=StepState.FAILED, reason=Reason.EXIT, message="exit code 3", exit_code=3)
SKIPPED = Outcome(
    state=StepState.SKIPPED, reason=Reason.EXIT_CODE, message="skipped by the job itself", exit_code=99
)


def pending(spec: JobSpec | None = None, *, queued: bool = False) -> Run:
    opening = h.Opening(at=AT, triggered_by=TriggeredBy.SCHEDULE, due_at=AT, queued=queued)
    return new_run(spec or a_job(), opening)


def created(run: Run) -> h.AttemptCreated:
    return h.AttemptCreated(
        at=AT,
        id=f"attempt-{len(run.attempts) + 1}",
        step=next_step(run) or "none",
        boot_id="boot-1",
        definition="hash-1",
        markers=True,
    )


def begun(run: Run) -> Run:
    return apply_all(run, [created(run), h.AttemptStarted(at=AT, pid=1, pid_started=2)])


def ended(run: Run, outcome: Outcome = OK, *, next_at: datetime | None = None) -> Run:
    return apply(run, h.AttemptEnded(at=LATER, outcome=outcome, next_attempt_at=next_at))


def retried(run: Run, spec: JobSpec) -> Run:
    return begun(apply(run, h.Planned(spec=spec)))


def test_final_states_lead_nowhere_and_all_others_somewhere() -> None:
    assert {state for state, targets in TRANSITIONS.items() if not targets} == {
        state for state in RunState if state.is_final
    }


def test_a_new_run_is_pending_for_its_due_instant() -> None:
    run = pending(a_job(retry=Retry(attempts=3)))

    assert (run.state, run.number, run.scheduled_for, run.max_attempts) == (RunState.PENDING, 0, AT, 3)
    assert (run.definition, run.source_file) == ("hash-1", "backup.yaml")


def test_a_queued_run_whose_turn_has_come_holds_its_place() -> None:
    run = pending(queued=True)
    assert run.is_queued

    released = apply(run, h.Released())

    assert not released.is_queued
    with pytest.raises(ImpossibleChange):
        apply(released, h.Released())


def test_a_run_goes_from_pending_over_running_to_completed() -> None:
    running = begun(pending())
    done = ended(running)

    assert (running.state, running.started_at, running.attempt) == (RunState.RUNNING, AT, 1)
    assert (done.state, done.ended_at, done.message) == (RunState.COMPLETED, LATER, "completed")
    assert done.attempts[0].state is StepState.COMPLETED


def test_a_failure_with_a_next_attempt_is_retrying_and_then_running_again() -> None:
    spec = a_job(retry=Retry(attempts=2))
    waiting = ended(begun(pending(spec)), FAILED, next_at=LATER)
    again = retried(waiting, spec)

    assert (waiting.state, waiting.message) == (RunState.RETRYING, "exit code 3 on attempt 1 of 2")
    assert waiting.next_attempt_at == LATER
    assert (again.state, again.attempt, again.next_attempt_at) == (RunState.RUNNING, 2, None)
    assert [attempt.n for attempt in again.attempts] == [1, 2]
    assert ended(again).message == "completed on attempt 2 of 2"


def test_a_refused_first_attempt_counts_as_one() -> None:
    run = pending()

    run = ended(apply(run, created(run)), FAILED, next_at=LATER)

    assert (run.state, run.attempt) == (RunState.RETRYING, 1)


def test_a_job_that_says_there_was_nothing_to_do_is_skipped() -> None:
    run = ended(begun(pending()), SKIPPED)

    assert (run.state, run.reason) == (RunState.SKIPPED, Reason.EXIT_CODE)


def test_progress_of_the_whole_job_begins_again_with_each_attempt() -> None:
    run = apply(begun(pending()), h.Progressed(progress=Progress(current=4, total=10)))
    assert run.progress.percent == 40

    run = retried(ended(run, FAILED, next_at=LATER), a_job())

    assert run.progress == Progress()


def test_a_completed_run_is_all_the_way() -> None:
    run = apply(begun(pending()), h.Progressed(progress=Progress(current=4, total=10)))

    assert ended(run).progress.percent == 100
    assert ended(run, FAILED).progress.percent == 40


def test_listed_steps_share_the_progress_and_keep_their_outputs() -> None:
    run = begun(pending(a_job(steps=("dump", "verify"))))
    run = apply_all(
        run,
        [h.Progressed(progress=Progress(current=1, total=2)), h.OutputSet(key="size", value="42")],
    )
    assert run.progress.percent == 25

    run = begun(ended(run))

    assert run.progress.percent == 50
    assert run.result == {"size": "42"}
    assert run.steps[0].outputs == {"size": "42"}


def test_what_a_failed_step_put_out_is_gone_when_it_is_tried_again() -> None:
    spec = a_job(steps=("dump", "verify"))
    run = apply(begun(pending(spec)), h.OutputSet(key="size", value="42"))

    run = retried(ended(run, FAILED, next_at=LATER), spec)

    assert run.result == {}


def test_a_listed_step_that_announces_a_step_tells_it_as_its_text() -> None:
    run = begun(pending(a_job(steps=("dump", "verify"))))

    run = apply(run, h.StepAnnounced(at=AT, key="users", title="Users"))

    assert len(run.steps) == 2
    assert run.progress.text == "Users"


def test_announced_steps_share_the_fate_of_their_attempt_and_are_gone_in_the_next() -> None:
    run = begun(pending())
    run = apply(run, h.StepAnnounced(at=AT, key="one", title="One"))
    run = apply(run, h.StepAnnounced(at=AT, key="two", title="Two"))

    run = ended(run, FAILED, next_at=LATER)
    assert [step.state for step in run.steps] == [StepState.COMPLETED, StepState.FAILED]

    assert retried(run, a_job()).steps == ()


def test_an_announced_step_may_come_again() -> None:
    run = begun(pending())
    for key in ("one", "two", "one"):
        run = apply(run, h.StepAnnounced(at=AT, key=key, title=key))

    assert [(step.key, step.state) for step in run.steps] == [
        ("one", StepState.RUNNING),
        ("two", StepState.COMPLETED),
    ]


def test_announced_steps_over_the_limit_are_dropped_with_one_warning() -> None:
    run = begun(pending())
    for n in range(100):
        run = apply(run, h.StepAnnounced(at=AT, key=f"step{n}", title=""))
    run = apply(run, h.StepAnnounced(at=AT, key="step0", title=""))
    assert run.warnings == ()

    for n in range(100, 103):
        run = apply(run, h.StepAnnounced(at=AT, key=f"step{n}", title=""))

    assert len(run.steps) == 100
    assert run.warnings == ("at most 100 steps: further ones are not kept",)


def test_a_changed_job_changes_the_steps_of_the_next_try() -> None:
    run = begun(ended(begun(pending(a_job(steps=("dump", "verify"))))))
    run = ended(run, FAILED, next_at=LATER)

    run = apply(run, h.Planned(spec=a_job(steps=("dump", "check", "prune"), version="2")))

    assert [(step.key, step.state) for step in run.steps] == [
        ("dump", StepState.COMPLETED),
        ("check", StepState.PENDING),
        ("prune", StepState.PENDING),
    ]
    assert run.definition == "hash-2"


def test_outputs_over_the_limit_are_dropped_with_a_warning() -> None:
    run = begun(pending())
    for n in range(65):
        run = apply(run, h.OutputSet(key=f"key{n}", value="x"))
    assert len(run.result) == 64
    assert run.warnings == ("output key64 was dropped: at most 64 outputs and 64 KiB a run",)

    run = apply(run, h.OutputSet(key="key0", value="y" * 70_000))

    assert run.result["key0"] == "x"


def test_warnings_are_bounded() -> None:
    run = begun(pending())
    for n in range(100):
        run = apply(run, h.Warned(text=str(n)))

    assert len(run.warnings) == 50
    assert run.warnings[-1] == "further warnings are not kept"


def test_a_cancelled_run_skips_what_was_still_to_come() -> None:
    run = begun(pending(a_job(steps=("dump", "verify"))))
    run = apply(run, h.CancelRequested(at=AT))

    run = apply(run, h.Cancelled(at=LATER))

    assert run.state is RunState.CANCELLED
    assert [step.state for step in run.steps] == [StepState.CANCELLED, StepState.SKIPPED]
    assert run.attempts[0].state is StepState.CANCELLED


def test_the_first_wish_to_cancel_is_kept() -> None:
    run = apply_all(begun(pending()), [h.CancelRequested(at=AT), h.CancelRequested(at=LATER)])

    assert run.cancel_requested_at == AT


def test_a_warning_exit_code_completes_with_a_warning() -> None:
    warned = Outcome(
        state=StepState.COMPLETED, reason=Reason.EXIT, message="completed", exit_code=24, warning="24"
    )

    assert ended(begun(pending()), warned).warnings == ("24",)


def test_what_failed_says_why_in_its_own_words() -> None:
    told = [h.ErrorTold(text="no space"), h.ErrorTold(text="row 7 has no date")]

    failed, completed = (ended(apply_all(begun(pending()), told), each) for each in (FAILED, OK))

    assert failed.message == failed.attempts[0].message == "row 7 has no date (exit code 3)"
    assert completed.message == completed.attempts[0].message == OK.message


@pytest.mark.parametrize(
    "happening",
    [
        h.AttemptStarted(at=AT, pid=1, pid_started=1),
        h.AttemptEnded(at=AT, outcome=OK),
        h.Progressed(progress=Progress()),
        h.LogRead(offset=1, line=1),
        h.RetryNow(at=AT),
    ],
)
def test_what_makes_no_sense_for_a_waiting_run_is_refused(happening: h.Happening) -> None:
    with pytest.raises(ImpossibleChange):
        apply(pending(), happening)


def test_nothing_happens_to_a_run_that_is_over() -> None:
    with pytest.raises(ImpossibleChange, match="can never change again"):
        apply(ended(begun(pending())), h.CancelRequested(at=AT))


def test_a_log_is_never_read_backwards() -> None:
    run = apply(begun(pending()), h.LogRead(offset=10, line=2))

    with pytest.raises(ImpossibleChange):
        apply(run, h.LogRead(offset=9, line=2))


def test_a_second_attempt_does_not_begin_while_one_is_under_way() -> None:
    run = begun(pending())

    with pytest.raises(ImpossibleChange):
        apply(run, created(run))
