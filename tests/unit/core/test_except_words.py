from __future__ import annotations

from datetime import date

import pytest

from rota.core.except_words import except_in_words
from rota.core.triggers import DateSpan, Except, WeeklyWindow


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 12, 24), date(2026, 12, 24), "24 December 2026"),
        (date(2026, 11, 30), date(2026, 12, 2), "30 November to 2 December 2026"),
        (date(2026, 12, 24), date(2027, 1, 2), "24 December 2026 to 2 January 2027"),
    ],
)
def test_excepted_dates_in_words(first: date, last: date, words: str) -> None:
    span = DateSpan(first=first, last=last)

    assert except_in_words(Except(label=f"{first}/{last}", spans=(span,))) == words


def test_a_calendar_is_called_by_its_name_however_few_days_it_has() -> None:
    span = DateSpan(first=date(2026, 12, 24), last=date(2026, 12, 24))

    assert except_in_words(Except(label="calendar holidays", spans=(span,))) == "calendar holidays"


@pytest.mark.parametrize(
    ("days", "begin", "end", "words"),
    [
        ({0, 6}, 0, 1439, "Saturdays and Sundays"),
        ({0}, 120, 240, "Sundays from 02:00 to 04:00"),
        (set(range(7)), 1320, 359, "every day from 22:00 to 05:59"),
    ],
)
def test_windows_of_the_week_in_words(days: set[int], begin: int, end: int, words: str) -> None:
    window = WeeklyWindow(days=frozenset(days), begin=begin, end=end)

    assert except_in_words(Except(label="as written", spans=(window,))) == words
