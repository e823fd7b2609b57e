from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fakes.schedules import cron, every
from rota.core.model import AtTrigger
from rota.core.words import counted, instant_in_words, length_in_words, schedule_in_words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 2 * * *", "daily at 02:00"),
        ("@daily", "daily at 00:00"),
        ("0 2,14 * * *", "daily at 02:00 and 14:00"),
        ("30 9 * * 1-5", "Monday to Friday at 09:30"),
        ("30 9 * * 0", "Sundays at 09:30"),
        ("5 4 * * sat,sun", "Saturdays and Sundays at 04:05"),
        ("0 6 * * mon,wed,fri", "Mondays, Wednesdays and Fridays at 06:00"),
        ("0 6 * 12 mon", "Mondays in December at 06:00"),
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("3/15 * * * *", "every 15 minutes"),
        ("@hourly", "every hour"),
        ("15 * * * *", "every hour at 15 minutes past"),
        ("0 */6 * * *", "every 6 hours on the hour"),
        ("0 9-17 * * *", "every hour from 09:00 to 17:00"),
        ("*/10 9-17 * * mon-fri", "every 10 minutes from 09:00 to 17:50, Monday to Friday"),
        ("0 0 1 * *", "on the 1st of each month at 00:00"),
        ("0 0 2,3,11,22 * *", "on the 2nd, 3rd, 11th and 22nd of each month at 00:00"),
        ("0 0 L * *", "on the last day of each month at 00:00"),
        ("@yearly", "on the 1st of January at 00:00"),
        ("0 0 * 6-8 *", "daily at 00:00, in June to August"),
        ("0 9 * * fri#2,friL", "on the 2nd Friday and last Friday of each month at 09:00"),
        ("0 0 13 * 5", "on the 13th of each month and on Fridays at 00:00"),
        ("0 0 * 1,7 *", "daily at 00:00, in January and July"),
        ("*/7 * * * *", "*/7 * * * *"),
        ("0 8,9,10,12,14 * * *", "0 8,9,10,12,14 * * *"),
        ("*/5 8,10 * * *", "*/5 8,10 * * *"),
        ("0 0 * * mon,fri#2", "0 0 * * mon,fri#2"),
        ("0 0 */2 * 1", "0 0 */2 * 1"),
        ("1,2,7 3,9,11 * * *", "1,2,7 3,9,11 * * *"),
        ("no such thing", "no such thing"),
    ],
)
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


def test_hashed_fields_are_told_when_the_job_is_known() -> None:
    assert schedule_in_words([cron("H 2 * * *")]) == "H 2 * * *"
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
