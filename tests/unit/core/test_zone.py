from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from rota.core.zone import from_minute, offset_at, place, segments, to_minute

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = to_minute(datetime(2026, 3, 29, 1, tzinfo=UTC))
AUTUMN = to_minute(datetime(2026, 10, 25, 1, tzinfo=UTC))


def label(text: str) -> int:
    return to_minute(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_a_label_in_the_gap_stands_for_the_first_minute_after_it() -> None:
    minute, change = place(BERLIN, label("2026-03-29T02:30"))

    assert minute == SPRING
    assert change is not None
    assert change.is_gap


def test_a_label_that_comes_twice_stands_for_its_first_time() -> None:
    minute, change = place(BERLIN, label("2026-10-25T02:30"))

    assert minute == AUTUMN - 30
    assert change is not None
    assert not change.is_gap


def test_any_other_label_has_one_minute() -> None:
    assert place(BERLIN, label("2026-10-25T03:00")) == (AUTUMN + 60, None)
    assert place(BERLIN, label("2026-01-01T00:00")) == (label("2025-12-31T23:00"), None)


def test_segments_lie_end_to_end_and_name_the_change_that_opened_them() -> None:
    found = list(islice(segments(BERLIN, label("2026-01-10T00:00")), 4))

    assert [segment.end for segment in found[:-1]] == [segment.begin for segment in found[1:]]
    assert [segment.offset for segment in found] == [60, 120, 60, 60]
    assert found[1].opening is not None
    assert found[1].opening.at == SPRING


def test_the_first_segment_knows_the_change_before_it() -> None:
    first = next(segments(BERLIN, AUTUMN + 5))

    assert first.begin == AUTUMN
    assert first.opening is not None
    assert first.opening.at == AUTUMN


def test_minutes_are_instants_rounded_down() -> None:
    assert from_minute(to_minute(datetime(2026, 1, 1, 0, 0, 59, tzinfo=UTC))) == datetime(
        2026, 1, 1, tzinfo=UTC
    )


def test_zones_have_offsets_in_minutes() -> None:
    assert offset_at(ZoneInfo("Asia/Kathmandu"), SPRING) == 345
    assert offset_at(ZoneInfo("Australia/Lord_Howe"), SPRING) == 660
