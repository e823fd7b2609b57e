"""Lengths, sizes and times that are written in another way."""

from __future__ import annotations

import pytest

from rota.config.amounts import duration, in_seconds, length, number, size, time


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("10 minutes", 600),
        ("1 hour and 30 min", 5400),
        ("1.5h", 5400),
        ("2 weeks", 1_209_600),
        ("01:30:00", 5400),
        ("pt5m", 300),
        ("p1dt2h", 93_600),
        ("soon", None),
        ("5 parsecs", None),
        ("", None),
        ("p", None),
    ],
)
def test_lengths_in_other_words_are_understood(written: str, seconds: int | None) -> None:
    assert in_seconds(written) == seconds


def test_a_length_is_written_without_parts_of_nothing() -> None:
    assert [length(each) for each in (5, 60, 3600, 5400, 90_061)] == ["5s", "1m", "1h", "1h30m", "1d1h1m1s"]


@pytest.mark.parametrize("digits", ["9" * 5000, "9" * 400 + "." + "9" * 400])
def test_numbers_of_any_length_are_met_with_calm(digits: str) -> None:
    assert duration(f"{digits} minutes") is None
    assert duration(f"P{digits}D") is None
    assert size(f"{digits}MB") is None
    assert time(digits) is None
    assert len(number(digits) or "") < 100


@pytest.mark.parametrize(
    ("written", "hint"),
    [("2am", '"02:00"'), ("12am", '"00:00"'), ("12pm", '"12:00"'), ("9:30 pm", '"21:30"')],
)
def test_times_of_day_are_put_into_24_hours(written: str, hint: str) -> None:
    assert hint in (time(written) or "")
