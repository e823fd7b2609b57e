"""Exceptions from a schedule as people say them."""

from __future__ import annotations

from datetime import date

from rota.core.cron_words import weekdays_in_words
from rota.core.triggers import DateSpan, Except, WeeklyWindow


def except_in_words(each: Except) -> str:
    """Such as "24 to 27 December 2026" or "Sundays from 02:00 to 04:00"; a calendar by its name."""
    is_calendar = each.label.startswith("calendar ")
    span = each.spans[0] if len(each.spans) == 1 and not is_calendar else None
    match span:
        case DateSpan():
            return _dates(span.first, span.last)
        case WeeklyWindow():
            return _window(span)
        case _:
            return each.label


def _dates(first: date, last: date) -> str:
    end = f"{last.day} {last:%B} {last.year}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {end}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%B}{year} to {end}"


def _window(window: WeeklyWindow) -> str:
    days = weekdays_in_words(window.days) or "every day"
    if window.begin == 0 and window.end >= 1439:
        return days
    end = window.end % 1440
    return f"{days} from {window.begin // 60:02}:{window.begin % 60:02} to {end // 60:02}:{end % 60:02}"
