from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rota.cli.instant_text import distance_text, length_text, parse_instant, zone_name, zoned_text

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 1, 12, 30, tzinfo=UTC)  # 14:30 in Berlin


def parsed(text: str) -> str:
    return parse_instant(text, now=NOW, zone=BERLIN).isoformat().removesuffix(":00+00:00")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-10-01T02:00", "2026-10-01T00:00"),
        ("2026-10-01 02:00", "2026-10-01T00:00"),
        ("2026-10-01", "2026-09-30T22:00"),
        ("02:00", "2026-10-01T00:00"),
        ("9:05", "2026-10-01T07:05"),
        ("yesterday 02:00", "2026-09-30T00:00"),
        ("tomorrow 02:00", "2026-10-02T00:00"),
        ("today", "2026-09-30T22:00"),
        ("now", "2026-10-01T12:30"),
        ("-3h", "2026-10-01T09:30"),
        ("+1h30m", "2026-10-01T14:00"),
        ("-2d", "2026-09-29T12:30"),
        ("2026-10-01T02:00Z", "2026-10-01T02:00"),
        ("2026-10-01T02:00+05:30", "2026-09-30T20:30"),
        ("2026-10-01 02:00 America/New_York", "2026-10-01T06:00"),
        ("02:00 UTC", "2026-10-01T02:00"),
    ],
)
def test_every_form_of_a_time_is_understood(text: str, utc: str) -> None:
    assert parsed(text) == utc


def test_a_day_word_is_meant_in_the_zone_that_is_named() -> None:
    late = datetime(2026, 10, 1, 23, 0, tzinfo=UTC)  # 2 October in Berlin

    assert parse_instant("today 00:00", now=late, zone=BERLIN) == datetime(2026, 10, 1, 22, tzinfo=UTC)
    assert parse_instant("today 00:00 UTC", now=late, zone=BERLIN) == datetime(2026, 10, 1, tzinfo=UTC)


def test_a_local_time_that_autumn_repeats_is_the_first_of_the_two() -> None:
    assert parsed("2026-10-25T02:30") == "2026-10-25T00:30"


def test_a_local_time_that_spring_swallows_counts_on_from_before_the_gap() -> None:
    assert parsed("2026-03-29T02:30") == "2026-03-29T01:30"


@pytest.mark.parametrize(
    "text", ["", "soon", "25:00", "2026-13-01", "-", "3h", "2026-10-01T02:00 Nowhere/At_all"]
)
def test_anything_else_is_refused_with_what_was_said(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        parse_instant(text, now=NOW, zone=BERLIN)


@pytest.mark.parametrize("text", ["last week", "half past two", "2 days ago"])
def test_words_that_hold_no_time_are_not_taken_for_a_time_and_its_zone(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is not a time: expected"):
        parse_instant(text, now=NOW, zone=BERLIN)


def test_a_length_beyond_all_time_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_instant("-99999999d", now=NOW, zone=BERLIN)


def test_what_is_printed_names_its_zone() -> None:
    assert zoned_text(NOW, BERLIN) == "2026-10-01 14:30:00 Europe/Berlin"
    assert zone_name(UTC, NOW) == "UTC"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.85, "850 ms"),
        (3.14, "3.1 s"),
        (65, "1 min 5 s"),
        (120, "2 min"),
        (7500, "2 h 5 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_lengths_are_told_in_two_units(seconds: float, text: str) -> None:
    assert length_text(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "now"), (42, "in 42 s"), (-180, "3 min ago"), (90_000, "in 1 d"), (-7300, "2 h ago")],
)
def test_distances_are_told_in_one_unit(seconds: float, text: str) -> None:
    assert distance_text(NOW + timedelta(seconds=seconds), NOW) == text
