"""Durations, sizes, percentages and instants as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rota.config.quantity import duration, fraction, instant, size

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (90, 90),
        ("90", 90),
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("2d", 172800),
        ("1d2h3m4s", 93784),
        ("0s", 0),
    ],
)
def test_durations(written: str | int, seconds: int) -> None:
    assert duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["", "x", "5x", "1m1h", "-5s", "1.5h", "5 m"])
def test_only_durations_are_durations(written: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration(written)


@pytest.mark.parametrize(
    ("written", "count"),
    [(512, 512), ("512", 512), ("1K", 1024), ("16M", 16 * 1024**2), ("2G", 2 * 1024**3), ("1T", 1024**4)],
)
def test_sizes_count_in_powers_of_1024(written: str | int, count: int) -> None:
    assert size(written) == count


@pytest.mark.parametrize("written", ["", "M", "1MB", "1.5G", "-1"])
def test_only_sizes_are_sizes(written: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        size(written)


def test_percentages_are_fractions() -> None:
    assert (fraction("10%"), fraction("2.5%"), fraction("100%")) == (0.1, 0.025, 1.0)
    with pytest.raises(ValueError, match="not a percentage"):
        fraction("10")


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2027-01-01T00:00:00Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2027-01-01 00:00 +02:00", datetime(2026, 12, 31, 22, tzinfo=UTC)),
        ("2027-01-01T00:00", datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # comes twice: the first
    ],
)
def test_instants_are_local_time_unless_they_say_otherwise(written: str, at: datetime) -> None:
    assert instant(written, BERLIN) == at


@pytest.mark.parametrize("written", ["2027-02-30T00:00", "2027-01-01T25:00", "2026-03-29T02:30"])
def test_instants_that_are_not_there_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"out of range|must be in|leave out"):
        instant(written, BERLIN)
