from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from fakes.clock import FakeClock
from rota.store.ids import SystemIds

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_attempt_ids_are_uuids_of_version_7_that_carry_the_instant() -> None:
    uuid = UUID(SystemIds(FakeClock(NOON)).attempt())

    assert (uuid.version, uuid.variant) == (7, "specified in RFC 4122")
    assert uuid.int >> 80 == int(NOON.timestamp() * 1000)


def test_later_attempts_sort_behind_earlier_ones() -> None:
    clock = FakeClock(NOON)
    ids = SystemIds(clock)
    first = ids.attempt()
    clock.step_wall(timedelta(milliseconds=1))

    assert first < ids.attempt()


def test_no_two_are_the_same() -> None:
    ids = SystemIds(FakeClock(NOON))

    assert len({ids.attempt() for _ in range(1000)} | {ids.token() for _ in range(1000)}) == 2000
    assert len(ids.token()) == 43
