from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.jobs import a_job
from fakes.schedules import HOUR, MINUTE, a_scheduled_run, every
from rota.core.board import Due, JobEntry
from rota.core.decisions import Expire, Queue, Release, Skip, Start
from rota.core.missed import answer_missed
from rota.core.model import Concurrency, Overlap
from rota.core.planning import expires_at, is_paused, plan, release
from rota.core.run import Attempt, Reason, Run, RunState, TriggeredBy
from rota.core.seams import Pause

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
QUEUE = Concurrency(overlap=Overlap.QUEUE, queue=2)


def due(at: datetime = NOW) -> Due:
    return Due(job="backup", at=at)


def an_entry(*runs: Run, pause: Pause | None = None, **changes: Any) -> JobEntry:
    entry = JobEntry(
        spec=a_job(triggers=(every(MINUTE),), **changes), pauses=() if pause is None else (pause,)
    )
    entry.open_runs.update({run.number: run for run in runs})
    return entry


def running(number: int = 1, **changes: Any) -> Run:
    return a_scheduled_run(number=number, created_at=NOW - MINUTE, **changes)


def queued(number: int, at: datetime = NOW - MINUTE, **changes: Any) -> Run:
    return a_scheduled_run(
        number=number, created_at=at, state=RunState.PENDING, reason=Reason.QUEUED, **changes
    )


def test_an_idle_job_starts() -> None:
    assert plan(an_entry(), [due()], NOW) == [Start(job="backup", due=due())]


def test_a_disabled_job_has_no_instants_and_no_rows() -> None:
    assert plan(an_entry(enabled=False), [due()], NOW) == []
    assert answer_missed(an_entry(enabled=False), NOW - HOUR, NOW) == []


def test_a_job_still_running_makes_the_next_instant_a_skip_that_says_which_attempt_and_until_when() -> None:
    attempt = Attempt(id="x", created_at=NOW, timeout_at=NOW + MINUTE)
    run = running(7, attempt=2, max_attempts=4, attempts=(attempt,))

    (skip,) = plan(an_entry(run), [due()], NOW)

    assert isinstance(skip, Skip)
    assert skip.reason is Reason.OVERLAP
    assert skip.message == (
        "backup.7 is still running: attempt 2 of 4, until 2026-06-01 12:01 UTC at the latest"
    )


def test_a_run_without_timeout_may_hold_its_job_for_ever_and_the_skip_says_so() -> None:
    (skip,) = plan(an_entry(running(7)), [due()], NOW)

    assert isinstance(skip, Skip)
    assert skip.message == "backup.7 is still running: attempt 1 of 1, it has no timeout"


def test_from_the_third_instant_in_a_row_a_skip_says_since_when_the_job_is_stuck() -> None:
    entry = an_entry(running(7))
    instants = [due(NOW + n * MINUTE) for n in range(3)]

    (skip,) = plan(entry, instants, NOW + 2 * MINUTE)

    assert isinstance(skip, Skip)
    assert (skip.count, skip.last_due_at) == (3, NOW + 2 * MINUTE)
    assert skip.message == (
        "stuck since 2026-06-01 12:00 UTC, 3 due instants in a row: "
        "backup.7 is still running: attempt 1 of 1, it has no timeout"
    )


def test_skips_in_a_row_are_counted_on_from_those_that_are_recorded() -> None:
    entry = an_entry(running(7))
    entry.last_skip = a_scheduled_run(
        8, created_at=NOW - HOUR, state=RunState.SKIPPED, reason=Reason.OVERLAP, count=5
    )

    (skip,) = plan(entry, [due()], NOW)

    assert isinstance(skip, Skip)
    assert skip.message.startswith("stuck since 2026-06-01 11:00 UTC, 6 due instants in a row: ")


def test_a_run_between_two_attempts_holds_its_job_and_the_skip_names_the_next_attempt() -> None:
    run = running(7, state=RunState.RETRYING, max_attempts=3, next_attempt_at=NOW + 5 * MINUTE)

    (skip,) = plan(an_entry(run), [due()], NOW)

    assert isinstance(skip, Skip)
    assert skip.message == (
        "backup.7 is not over: after attempt 1 of 3 it tries again at 2026-06-01 12:05 UTC"
    )


def test_a_run_about_to_start_holds_its_place_too() -> None:
    (skip,) = plan(an_entry(running(7, state=RunState.PENDING, attempt=0)), [due()], NOW)

    assert isinstance(skip, Skip)
    assert skip.reason is Reason.OVERLAP


def test_of_two_instants_at_once_the_second_overlaps_the_first() -> None:
    first, second = due(NOW - timedelta(seconds=1)), due()

    decisions = plan(an_entry(), [first, second], NOW)

    assert decisions[0] == Start(job="backup", due=first)
    assert isinstance(decisions[1], Skip)
    assert decisions[1].message == "the run before it has only just started"


def test_a_job_with_room_for_two_starts_two() -> None:
    decisions = plan(an_entry(concurrency=Concurrency(max=2)), [due(), due(NOW + MINUTE)], NOW + MINUTE)

    assert [type(decision) for decision in decisions] == [Start, Start]


def test_a_queue_takes_what_it_can_hold_and_skips_the_rest() -> None:
    instants = [due(NOW + n * MINUTE) for n in range(4)]

    decisions = plan(an_entry(running(), concurrency=QUEUE), instants, NOW + 3 * MINUTE)

    assert decisions[:2] == [Queue(job="backup", due=instants[0]), Queue(job="backup", due=instants[1])]
    assert decisions[2:] == [
        Skip(
            job="backup",
            due=instants[2],
            reason=Reason.QUEUE_FULL,
            message="the queue is full: 2 runs wait already",
            count=2,
            last_due_at=instants[3].at,
        )
    ]


def test_nobody_overtakes_the_queue() -> None:
    entry = an_entry(queued(1), concurrency=QUEUE)

    assert plan(entry, [due()], NOW) == [Queue(job="backup", due=due())]


def test_catch_up_runs_take_no_place_in_the_queue() -> None:
    waiting = [queued(n, triggered_by=TriggeredBy.CATCH_UP) for n in range(1, 9)]

    assert plan(an_entry(running(9), *waiting, concurrency=QUEUE), [due()], NOW) == [
        Queue(job="backup", due=due())
    ]


def test_an_instant_past_its_start_deadline_is_skipped() -> None:
    late = due(NOW - 2 * MINUTE)

    (skip,) = plan(an_entry(start_deadline=MINUTE), [late], NOW)

    assert isinstance(skip, Skip)
    assert skip.reason is Reason.START_DEADLINE
    assert skip.message == "could not start for longer than its start deadline of 1 minute"


def test_a_paused_job_skips_in_one_row_with_count_and_last() -> None:
    pause = Pause(since=NOW - HOUR, until=NOW + HOUR, note="disk swap")
    instants = [due(NOW + n * MINUTE) for n in range(3)]

    decisions = plan(an_entry(pause=pause), instants, NOW + 2 * MINUTE)

    assert decisions == [
        Skip(
            job="backup",
            due=instants[0],
            reason=Reason.PAUSED,
            message="paused until 2026-06-01 13:00 UTC: disk swap",
            count=3,
            last_due_at=instants[2].at,
        )
    ]


def test_a_pause_is_over_at_its_end() -> None:
    pause = Pause(since=NOW - HOUR, until=NOW)

    assert is_paused(pause, NOW - HOUR)
    assert is_paused(pause, NOW - MINUTE)
    assert not is_paused(pause, NOW)
    assert not is_paused(pause, NOW - 2 * HOUR)
    assert not is_paused(None, NOW)
    assert plan(an_entry(pause=pause), [due()], NOW) == [Start(job="backup", due=due())]


def test_the_oldest_queued_run_starts_when_the_job_is_free() -> None:
    older, newer = queued(2, NOW - 2 * MINUTE), queued(1, NOW - MINUTE)

    assert release(an_entry(newer, older), NOW) == [Release(run=older)]
    assert release(an_entry(running(3), newer, older), NOW) == []


def test_a_pause_holds_the_queue() -> None:
    assert release(an_entry(queued(1), pause=Pause(since=NOW)), NOW) == []


def test_a_queued_run_that_waited_too_long_is_skipped_even_while_the_job_is_busy() -> None:
    run = queued(1, NOW - HOUR)

    (expired,) = release(an_entry(running(2), run, start_deadline=10 * MINUTE), NOW)

    assert expired == Expire(
        run=run,
        reason=Reason.START_DEADLINE,
        message="waited in the queue for longer than its start deadline of 10 minutes",
    )


def test_the_queue_knows_when_its_first_run_expires() -> None:
    entry = an_entry(queued(1, NOW - MINUTE), queued(2, NOW), start_deadline=10 * MINUTE)

    assert expires_at(entry) == NOW + 9 * MINUTE
    assert expires_at(an_entry(queued(1))) is None
    assert expires_at(an_entry(start_deadline=MINUTE)) is None


def test_catch_up_runs_go_one_at_a_time_oldest_first_and_do_not_expire() -> None:
    waiting = [queued(n, NOW - (9 - n) * HOUR, triggered_by=TriggeredBy.CATCH_UP) for n in (1, 2)]
    entry = an_entry(*waiting, concurrency=Concurrency(max=5), start_deadline=MINUTE)

    assert release(entry, NOW) == [Release(run=waiting[0])]

    entry.open_runs[1] = replace(waiting[0], state=RunState.RUNNING, reason=None)
    assert release(entry, NOW) == []
