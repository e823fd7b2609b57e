from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fakes.jobs import a_job
from fakes.schedules import HOUR, MINUTE, cron, every
from rota.core.board import JobEntry
from rota.core.cron import CronError
from rota.core.schedule import Stretch, canonical, due_between, next_due, stretches_between, zone_of
from rota.core.triggers import AtTrigger, CronTrigger, Trigger

T0 = datetime(2026, 6, 1, 12, tzinfo=UTC)


def instants(*triggers: Trigger, after: datetime = T0, until: datetime) -> list[datetime]:
    return [due.at for due in due_between("backup", triggers, after, until)]


def stretches(trigger: Trigger, length: timedelta, *, keep: int) -> list[Stretch]:
    return stretches_between(JobEntry(spec=a_job(triggers=(trigger,))), T0, T0 + length, keep=keep)


def test_the_span_leaves_out_its_begin_and_holds_its_end() -> None:
    assert instants(cron("0 * * * *"), until=T0 + HOUR) == [T0 + HOUR]


def test_triggers_that_name_the_same_instant_give_one_due_of_the_first_trigger() -> None:
    due = list(due_between("backup", [cron("0 13 * * *"), cron("*/30 13 * * *")], T0, T0 + 2 * HOUR))

    assert [(each.at, each.trigger) for each in due] == [(T0 + HOUR, 0), (T0 + 1.5 * HOUR, 1)]


def test_a_short_interval_counts_from_the_epoch_whatever_the_zone() -> None:
    seven = timedelta(minutes=7)

    (first, *_) = instants(every(seven, "Asia/Kathmandu"), until=T0 + HOUR)

    assert (first - datetime(1970, 1, 1, tzinfo=UTC)) % seven == timedelta(0)
    assert T0 < first <= T0 + seven


def test_a_long_interval_counts_from_midnight_1970_in_its_zone() -> None:
    (first,) = instants(every(timedelta(days=1), "America/New_York"), until=T0 + timedelta(days=1))

    assert first == datetime(2026, 6, 2, 5, tzinfo=UTC)


def test_a_restart_does_not_shift_an_interval() -> None:
    whole = instants(every(90 * MINUTE), until=T0 + 10 * HOUR)

    assert instants(every(90 * MINUTE), after=T0 + 4 * HOUR, until=T0 + 10 * HOUR) == [
        at for at in whole if at > T0 + 4 * HOUR
    ]


def test_an_instant_given_by_hand_comes_once() -> None:
    at = AtTrigger(at=T0 + HOUR)

    assert instants(at, until=T0 + 9 * HOUR) == [T0 + HOUR]
    assert instants(at, after=T0 + HOUR, until=T0 + 9 * HOUR) == []


def test_the_next_ones_are_fewer_when_there_are_no_more() -> None:
    assert len(next_due("backup", [cron("0 0 * * *")], T0, 3)) == 3
    assert [due.at for due in next_due("backup", [AtTrigger(at=T0 + HOUR)], T0, 3)] == [T0 + HOUR]
    assert next_due("backup", [], T0, 3) == ()


def test_what_a_clock_change_does_is_said_with_the_instant() -> None:
    (due,) = next_due(
        "backup", [cron("30 2 * * *", "Europe/Berlin")], datetime(2026, 3, 28, 12, tzinfo=UTC), 1
    )

    assert "it runs once, at 03:00" in due.note


def test_a_job_has_its_own_hashed_time_unless_a_seed_is_given() -> None:
    hashed = CronTrigger(expression="H H * * *")
    seeded = CronTrigger(expression="H H * * *", seed="db1/backup")

    assert next_due("backup", [hashed], T0, 1)[0].at != next_due("cleanup", [hashed], T0, 1)[0].at
    assert next_due("backup", [seeded], T0, 1)[0].at == next_due("cleanup", [seeded], T0, 1)[0].at


@pytest.mark.parametrize("trigger", [every(10 * MINUTE), cron("*/10 * * * *")])
def test_a_stretch_is_counted_whole_and_keeps_the_newest(trigger: Trigger) -> None:
    (stretch,) = stretches(trigger, 10 * HOUR, keep=3)

    assert stretch.count == 60
    assert stretch.first.at == T0 + 10 * MINUTE
    assert [due.at for due in stretch.newest] == [T0 + 10 * HOUR - n * 10 * MINUTE for n in (2, 1, 0)]


def test_a_stretch_shorter_than_what_is_kept_is_kept_whole() -> None:
    (stretch,) = stretches(every(10 * MINUTE), HOUR, keep=100)

    assert (stretch.count, len(stretch.newest)) == (6, 6)
    assert stretches(every(10 * MINUTE), MINUTE, keep=100) == []


def test_ten_years_of_seconds_are_counted_at_once() -> None:
    (stretch,) = stretches(every(timedelta(seconds=1)), timedelta(days=3650), keep=2)

    assert stretch.count == 3650 * 86_400


def test_a_schedule_is_the_same_however_its_blanks_and_letters_are_written() -> None:
    assert canonical([cron("0 2 * * MON")]) == canonical([cron("0  2 * * mon")])
    assert canonical([cron("0 2 * * *")]) != canonical([cron("0 2 * * *", "Europe/Berlin")])
    assert canonical([every(HOUR)]) != canonical([every(MINUTE)])
    assert canonical([every(1000 * HOUR)]) != canonical([every(1000 * HOUR + timedelta(seconds=1))])
    assert canonical([]) == ""


def test_a_seed_is_part_of_a_schedule_only_where_something_is_hashed() -> None:
    def seeded(expression: str, seed: str) -> str:
        return canonical([CronTrigger(expression=expression, seed=seed)])

    assert seeded("0 2 * * thu", "db1/backup") == seeded("0 2 * * thu", "db2/backup")
    assert seeded("H 2 * * *", "db1/backup") != seeded("H 2 * * *", "db2/backup")


def test_times_are_told_in_the_zone_of_the_first_trigger_that_has_one() -> None:
    assert zone_of([AtTrigger(at=T0), cron("0 2 * * *", "Europe/Berlin")]).key == "Europe/Berlin"
    assert zone_of([]).key == "UTC"


def test_a_wrong_expression_is_an_error_of_its_own() -> None:
    with pytest.raises(CronError):
        next_due("backup", [cron("61 * * * *")], T0, 1)
