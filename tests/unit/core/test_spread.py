from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rota.core.spread import delay

T0 = datetime(2026, 6, 1, 2, tzinfo=UTC)
FIVE_MINUTES = timedelta(minutes=5)


def test_a_delay_is_the_same_on_every_machine_and_every_version() -> None:
    assert delay("db1/backup", T0, FIVE_MINUTES) == timedelta(milliseconds=7_587)
    assert delay("db2/backup", T0, FIVE_MINUTES) == timedelta(milliseconds=30_116)
    assert delay("db1/backup", T0 + timedelta(days=1), FIVE_MINUTES) == timedelta(milliseconds=197_831)


def test_delays_fill_the_spread_and_never_reach_its_end() -> None:
    delays = [delay(f"db{host}/backup", T0, timedelta(milliseconds=10)) for host in range(200)]

    assert {each // timedelta(milliseconds=1) for each in delays} == set(range(10))


def test_without_a_spread_nothing_is_delayed() -> None:
    assert delay("db1/backup", T0, timedelta(0)) == timedelta(0)
