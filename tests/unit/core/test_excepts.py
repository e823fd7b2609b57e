from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rota.core.excepts import excepted, excepted_until
from rota.core.triggers import CronTrigger, DateSpan, Except, InstantSpan, WeeklyWindow

CHRISTMAS = DateSpan(first=date(2026, 12, 24), last=date(2026, 12, 27))
SUNDAY_NIGHT = WeeklyWindow(days=frozenset({0}), begin=22 * 60, end=4 * 60)
MORNING = WeeklyWindow(days=frozenset({1, 2}), begin=2 * 60, end=4 * 60)
OUTAGE = InstantSpan(begin=datetime(2026, 6, 1, 12, tzinfo=UTC), end=datetime(2026, 6, 1, 13, tzinfo=UTC))


def trigger(*spans: DateSpan | WeeklyWindow | InstantSpan, zone: str = "UTC") -> CronTrigger:
    excepts = tuple(Except(label=f"span {n}", spans=(span,)) for n, span in enumerate(spans))
    return CronTrigger(expression="* * * * *", timezone=zone, excepts=excepts)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("at", "is_in"),
    [
        (utc(2026, 12, 23, 22, 59), False),
        (utc(2026, 12, 23, 23, 0), True),  # 24 December in Berlin
        (utc(2026, 12, 27, 22, 59), True),
        (utc(2026, 12, 27, 23, 0), False),
    ],
)
def test_dates_are_whole_days_in_the_zone_of_the_trigger(at: datetime, is_in: bool) -> None:
    assert bool(excepted(at, trigger(CHRISTMAS, zone="Europe/Berlin"))) is is_in


@pytest.mark.parametrize(
    ("at", "is_in"),
    [
        (utc(2026, 6, 1, 1, 59), False),  # a Monday
        (utc(2026, 6, 1, 2, 0), True),
        (utc(2026, 6, 1, 4, 0, 59), True),
        (utc(2026, 6, 1, 4, 1), False),
        (utc(2026, 6, 3, 3, 0), False),
    ],
)
def test_a_weekly_window_holds_its_ends_to_the_minute(at: datetime, is_in: bool) -> None:
    assert bool(excepted(at, trigger(MORNING))) is is_in


@pytest.mark.parametrize(
    ("at", "is_in"),
    [
        (utc(2026, 6, 7, 21, 59), False),  # a Sunday
        (utc(2026, 6, 7, 22, 0), True),
        (utc(2026, 6, 8, 4, 0), True),
        (utc(2026, 6, 8, 22, 0), False),
        (utc(2026, 6, 7, 3, 0), False),
    ],
)
def test_a_window_that_ends_before_it_begins_goes_on_into_the_next_day(at: datetime, is_in: bool) -> None:
    assert bool(excepted(at, trigger(SUNDAY_NIGHT))) is is_in


def test_a_span_of_instants_leaves_its_end_out() -> None:
    assert excepted(OUTAGE.begin, trigger(OUTAGE)) == "span 0"
    assert excepted(OUTAGE.end, trigger(OUTAGE)) == ""


def test_the_exception_it_lies_in_is_told_in_words() -> None:
    both = trigger(MORNING, CHRISTMAS)

    assert excepted(utc(2026, 6, 1, 3, 0), both) == "Mondays and Tuesdays from 02:00 to 04:00"
    assert excepted(utc(2026, 12, 25, 12, 0), both) == "24 to 27 December 2026"
    assert excepted(utc(2026, 6, 5, 12, 0), both) == ""


def test_nothing_is_excepted_without_exceptions() -> None:
    assert excepted(utc(2026, 12, 25), trigger()) == ""
    assert excepted_until(utc(2026, 12, 25), trigger()) == utc(2026, 12, 25)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut"])
@pytest.mark.parametrize(
    "span",
    [
        SUNDAY_NIGHT,
        WeeklyWindow(days=frozenset(range(7)), begin=60, end=180),
        DateSpan(first=date(2026, 3, 28), last=date(2026, 3, 30)),
        DateSpan(first=date(2026, 10, 3), last=date(2026, 10, 5)),
    ],
)
def test_what_is_said_to_be_excepted_surely_is(span: DateSpan | WeeklyWindow, zone: str) -> None:
    both = trigger(span, zone=zone)
    for start in (utc(2026, 3, 27), utc(2026, 10, 2), utc(2026, 10, 24)):
        for minute in range(0, 4 * 1440, 17):
            at = start + timedelta(minutes=minute)
            until = excepted_until(at, both)
            assert all(
                excepted(at + timedelta(minutes=later), both)
                for later in range(0, int((until - at).total_seconds() // 60), 7)
                if until > at
            )


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_an_exception_may_last_until_the_end_of_the_calendar(zone: str) -> None:
    always = trigger(DateSpan(first=date.min, last=date.max), zone=zone)

    assert excepted(utc(2026, 1, 1), always)
    assert excepted_until(utc(2026, 1, 1), always) > utc(9999, 12, 30)
    assert excepted(utc(9999, 12, 31, 9), always)
