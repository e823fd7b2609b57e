from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.jobs import a_job
from fakes.schedules import HOUR, MINUTE, cron, every
from rota.core.board import Due, JobEntry
from rota.core.decisions import Skip, Start
from rota.core.missed import answer_missed, identity_of, owed_after
from rota.core.model import JobSpec, Missed, MissedPolicy
from rota.core.run import Reason, TriggeredBy
from rota.core.schedule import due_between
from rota.core.seams import JobRecord, Pause, SkipNext

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def missing(
    policy: MissedPolicy, within: timedelta = 24 * HOUR, *, pause: Pause | None = None, **changes: Any
) -> JobEntry:
    """A job that is due every minute."""
    missed = Missed(run=policy, within=within)
    return JobEntry(
        spec=a_job(triggers=(every(MINUTE),), missed=missed, **changes),
        pauses=() if pause is None else (pause,),
    )


def test_missed_skip_is_one_row_for_all() -> None:
    (skip,) = answer_missed(missing(MissedPolicy.SKIP), NOW - HOUR, NOW)

    assert isinstance(skip, Skip)
    assert (skip.reason, skip.count) == (Reason.MISSED, 60)
    assert (skip.due.at, skip.last_due_at) == (NOW - 59 * MINUTE, NOW)
    assert skip.message == "missed: nothing could run then, and this job does not catch up"


def test_missed_latest_runs_the_last_one_and_counts_the_rest() -> None:
    skip, start = answer_missed(missing(MissedPolicy.LATEST), NOW - HOUR, NOW)

    assert start == Start(job="backup", due=Due(job="backup", at=NOW), triggered_by=TriggeredBy.CATCH_UP)
    assert isinstance(skip, Skip)
    assert (skip.count, skip.last_due_at) == (59, NOW - MINUTE)
    assert skip.message == "missed: nothing could run then; a later one runs instead"


def test_missed_all_runs_each_oldest_first() -> None:
    decisions = answer_missed(missing(MissedPolicy.ALL), NOW - 3 * MINUTE, NOW)

    assert [decision.due.at for decision in decisions] == [NOW - 2 * MINUTE, NOW - MINUTE, NOW]
    assert all(isinstance(decision, Start) for decision in decisions)


def test_an_instant_that_was_asked_to_be_skipped_is_no_end_to_catching_up() -> None:
    job = missing(MissedPolicy.ALL)
    job.skip_next = SkipNext(at=NOW - MINUTE, asked_at=NOW - HOUR, note="holiday")

    first, asked, last = answer_missed(job, NOW - 3 * MINUTE, NOW)

    assert (type(first), type(last)) == (Start, Start)
    assert isinstance(asked, Skip)
    assert (asked.reason, asked.due.at, asked.count) == (Reason.ASKED, NOW - MINUTE, 1)
    assert asked.message.endswith("holiday")


def test_the_next_end_of_another_job_that_was_asked_to_be_skipped_may_pass_in_a_downtime() -> None:
    job = missing(MissedPolicy.ALL)
    job.skip_next = SkipNext(at=None, asked_at=NOW - HOUR)
    made = [Due(job="backup", at=NOW - timedelta(seconds=n), upstream=(f"up.{n}",)) for n in (40, 20)]

    asked, start = answer_missed(job, NOW - timedelta(seconds=50), NOW - timedelta(seconds=10), made)

    assert isinstance(asked, Skip)
    assert (asked.reason, asked.due) == (Reason.ASKED, made[0])
    assert isinstance(start, Start)
    assert start.due == made[1]


def test_missed_all_keeps_the_newest_hundred_and_one_row_counts_the_rest() -> None:
    skip, *starts = answer_missed(missing(MissedPolicy.ALL), NOW - 3 * HOUR, NOW)

    assert len(starts) == 100
    assert starts[0].due.at == NOW - 99 * MINUTE
    assert isinstance(skip, Skip)
    assert (skip.count, skip.last_due_at) == (80, NOW - 100 * MINUTE)


def test_what_is_caught_up_is_not_among_the_rest_when_a_long_spread_starts_the_first_one_last() -> None:
    spread = replace(every(30 * MINUTE), spread=3 * HOUR, seed="db1/backup")
    spec = a_job(triggers=(spread,), missed=Missed(run=MissedPolicy.LATEST))
    crossed = 0

    for hour in range(48):
        begin, end = NOW + hour * HOUR, NOW + (hour + 2) * HOUR
        due = list(due_between("backup", (spread,), begin, end))
        if len(due) < 2 or due[-1].at != min(each.at for each in due):
            continue
        crossed += 1
        skip, start = answer_missed(JobEntry(spec=spec), begin, end)
        assert start.due == due[-1]
        assert isinstance(skip, Skip)
        assert skip.due.at == min(each.at for each in due[:-1])
        assert skip.count == len(due) - 1

    assert crossed


@pytest.mark.parametrize("policy", [MissedPolicy.LATEST, MissedPolicy.ALL])
def test_what_is_older_than_the_window_is_not_caught_up(policy: MissedPolicy) -> None:
    entry = missing(policy, within=timedelta(seconds=30))

    (skip,) = answer_missed(entry, NOW - HOUR, NOW + timedelta(seconds=40))

    assert isinstance(skip, Skip)
    assert skip.count == 60
    assert skip.message == "missed: nothing could run then, longer ago than 30 s"


def test_a_start_deadline_narrows_the_window() -> None:
    entry = missing(MissedPolicy.ALL, start_deadline=5 * MINUTE)

    skip, *starts = answer_missed(entry, NOW - HOUR, NOW)

    assert len(starts) == 6
    assert isinstance(skip, Skip)
    assert skip.message == "missed: nothing could run then; 6 later ones run instead"


def test_instants_missed_in_a_pause_are_paused_and_those_after_it_are_missed() -> None:
    pause = Pause(since=NOW - 40 * MINUTE, until=NOW - 20 * MINUTE)

    decisions = answer_missed(missing(MissedPolicy.SKIP, pause=pause), NOW - HOUR, NOW)

    assert [(each.reason, each.count) for each in decisions if isinstance(each, Skip)] == [
        (Reason.MISSED, 19),
        (Reason.PAUSED, 20),
        (Reason.MISSED, 21),
    ]


def test_a_clock_that_began_in_1970_and_is_set_right_owes_no_more_than_a_year() -> None:
    entry = missing(MissedPolicy.LATEST)

    skip, start = answer_missed(entry, datetime(1970, 1, 1, tzinfo=UTC), NOW)

    assert start.due.at == NOW
    assert isinstance(skip, Skip)
    assert skip.count == 366 * 24 * 60 - 1


def test_nothing_missed_needs_no_answer() -> None:
    assert answer_missed(missing(MissedPolicy.ALL), NOW, NOW + timedelta(seconds=30)) == []


def test_a_new_or_changed_schedule_owes_nothing_older_than_its_load() -> None:
    record = JobRecord(job="backup", schedule="every 60s UTC", since=NOW - HOUR, answered_until=NOW - HOUR)

    assert owed_after(None, "every 60s UTC", NOW) == NOW
    assert owed_after(record, "every 30s UTC", NOW) == NOW
    assert owed_after(record, "every 60s UTC", NOW) == NOW - HOUR


def test_a_schedule_never_answered_owes_what_came_since_its_load() -> None:
    record = JobRecord(job="backup", schedule="x", since=NOW - HOUR)

    assert owed_after(record, "x", NOW) == NOW - HOUR
    assert owed_after(replace(record, answered_until=NOW - 2 * HOUR), "x", NOW) == NOW - HOUR
    assert owed_after(JobRecord(job="backup", schedule="x"), "x", NOW) == NOW


def test_after_a_small_step_back_one_waits_and_after_a_wrong_clock_one_does_not() -> None:
    soon = NOW + timedelta(seconds=50)
    record = JobRecord(job="backup", schedule="x", since=NOW - HOUR, answered_until=soon)

    assert owed_after(record, "x", NOW) == soon
    assert owed_after(replace(record, answered_until=NOW + 2 * HOUR), "x", NOW) == NOW
    assert owed_after(replace(record, answered_until=NOW + 3650 * 24 * HOUR), "x", NOW) == NOW


def test_enabling_a_job_is_a_new_schedule() -> None:
    spec: JobSpec = a_job(triggers=(cron("0 2 * * *"),))

    assert identity_of(spec) == identity_of(replace(spec, title="Backup"))
    assert identity_of(replace(spec, enabled=False)) != identity_of(spec)
