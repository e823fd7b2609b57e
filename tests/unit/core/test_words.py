from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from fakes.schedules import cron, every
from rota.core.triggers import (
    AfterTrigger,
    AtTrigger,
    BootTrigger,
    CronTrigger,
    DateSpan,
    Ending,
    EveryTrigger,
    Except,
    Trigger,
    WeeklyWindow,
)
from rota.core.words import counted, instant_in_words, length_in_words, schedule_in_words

CHRISTMAS = Except(
    label="2026-12-24/2026-12-27", spans=(DateSpan(first=date(2026, 12, 24), last=date(2026, 12, 27)),)
)
QUIET = Except(label="sun 02:00-04:00", spans=(WeeklyWindow(days=frozenset({0}), begin=120, end=240),))
HOLIDAYS = Except(label="calendar holidays", spans=())
SPOKEN = [
    (row["expression"], row["words"])
    for row in yaml.safe_load((Path(__file__).parents[2] / "data/schedule-words.yaml").read_text())
]


@pytest.mark.parametrize(("expression", "words"), SPOKEN)
def test_an_expression_in_words(expression: str, words: str) -> None:
    assert schedule_in_words([cron(expression)]) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "0.5 s"),
        (10, "10 s"),
        (60, "1 minute"),
        (90, "1 m 30 s"),
        (6000, "1 h 40 m"),
        (300, "5 minutes"),
        (3600, "1 hour"),
        (5400, "1 h 30 m"),
        (86_400, "1 day"),
        (172_800, "2 days"),
        (129_600, "36 hours"),
        (90_061, "1 d 1 h 1 m 1 s"),
    ],
)
def test_a_length_in_words(seconds: float, words: str) -> None:
    assert length_in_words(timedelta(seconds=seconds)) == words


def test_intervals_leave_out_a_single_one() -> None:
    assert schedule_in_words([every(timedelta(seconds=10))]) == "every 10 s"
    assert schedule_in_words([every(timedelta(hours=1))]) == "every hour"
    assert schedule_in_words([every(timedelta(minutes=90))]) == "every 1 h 30 m"


def test_several_triggers_are_told_one_after_another() -> None:
    assert schedule_in_words([cron("0 2 * * *"), cron("0 12 * * 6")]) == "daily at 02:00; Saturdays at 12:00"


def test_a_job_without_triggers_is_run_by_hand() -> None:
    assert schedule_in_words([]) == "by hand only"


def test_zones_are_named_where_triggers_have_different_ones() -> None:
    both = [cron("0 2 * * *", "Europe/Berlin"), cron("0 9 * * mon", "Asia/Tokyo")]

    assert schedule_in_words(both) == "daily at 02:00 (Europe/Berlin); Mondays at 09:00 (Asia/Tokyo)"


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (AfterTrigger(jobs=("export",)), "after export completes"),
        (AfterTrigger(jobs=("export",), on=Ending.FAILED), "after export fails"),
        (AfterTrigger(jobs=("export", "cleanup")), "after export or cleanup completes"),
        (
            AfterTrigger(jobs=("export", "cleanup"), all=True, on=Ending.ALWAYS),
            "after export and cleanup have both ended",
        ),
        (AfterTrigger(jobs=("a", "b", "c"), all=True), "after a, b and c have all completed"),
        (BootTrigger(delay=timedelta(0)), "at each boot"),
        (BootTrigger(delay=timedelta(minutes=5)), "5 minutes after each boot"),
        (
            EveryTrigger(interval=timedelta(minutes=10), from_end=True),
            "10 minutes after the end of the last run",
        ),
        (
            CronTrigger(expression="0 2 * * *", spread=timedelta(minutes=5)),
            "daily at 02:00, within 5 minutes after",
        ),
        (
            CronTrigger(expression="0 2 * * *", excepts=(CHRISTMAS, QUIET, HOLIDAYS)),
            "daily at 02:00, except 24 to 27 December 2026, Sundays from 02:00 to 04:00 "
            "and calendar holidays",
        ),
    ],
)
def test_a_trigger_in_words(trigger: Trigger, words: str) -> None:
    assert schedule_in_words([trigger]) == words


def test_hashed_fields_are_told_when_the_job_is_known() -> None:
    assert schedule_in_words([cron("H 2 * * *")]) == "at times of its own, by a hash of the job"
    assert schedule_in_words([cron("H 2 * * *")], "backup").startswith("daily at 02:")


def test_an_instant_names_its_zone() -> None:
    at = datetime(2026, 3, 29, 1, tzinfo=UTC)

    assert instant_in_words(at) == "2026-03-29 01:00 UTC"
    assert instant_in_words(at, ZoneInfo("Europe/Berlin")) == "2026-03-29 03:00 CEST"
    assert instant_in_words(at + timedelta(seconds=5)) == "2026-03-29 01:00:05 UTC"
    assert schedule_in_words([AtTrigger(at=at)]) == "once, on 2026-03-29 01:00 UTC"


@pytest.mark.parametrize(("count", "words"), [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs")])
def test_one_thing_is_singular(count: int, words: str) -> None:
    assert counted(count, "job") == words


def test_a_zone_is_named_when_nothing_else_names_it_and_the_words_depend_on_it() -> None:
    daily = cron("0 2 * * *", timezone="Europe/Berlin")

    assert schedule_in_words([daily]) == "daily at 02:00"
    assert schedule_in_words([daily], zoned=True) == "daily at 02:00 (Europe/Berlin)"
    assert schedule_in_words([cron("*/5 * * * *")], zoned=True) == "every 5 minutes"
    assert schedule_in_words([every(timedelta(minutes=5))], zoned=True) == "every 5 minutes"
