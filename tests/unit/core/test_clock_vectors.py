"""The golden vectors of `tests/data/clock-vectors.yaml`: what schedules do on days when a clock changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from rota.config.quantity import duration, instant
from rota.core.cron import parse
from rota.core.schedule import due_between
from rota.core.triggers import AtTrigger, CronTrigger, EveryTrigger, Trigger

DAYS = yaml.load((Path(__file__).parents[2] / "data" / "clock-vectors.yaml").read_text(), yaml.CSafeLoader)
VECTORS = [(day["zone"], day["date"], vector) for day in DAYS for vector in day["vectors"]]


@pytest.mark.parametrize("day", DAYS, ids=lambda day: f"{day['zone']} {day['date']}")
def test_each_schedule_does_what_the_table_says(day: dict[str, Any]) -> None:
    zone = ZoneInfo(day["zone"])
    for vector in day["vectors"]:
        due = list(due_on(day["date"], vector["schedule"], zone))

        walls = [at.astimezone(zone).isoformat(timespec="minutes")[11:] for at in due]
        assert walls == vector["wall"], vector
        assert [f"{at:%Y-%m-%dT%H:%MZ}" for at in due] == vector["utc"], vector


def test_the_table_is_about_all_kinds_of_schedules_gaps_and_folds() -> None:
    kinds = Counter(vector["kind"] for _, _, vector in VECTORS)

    assert len(VECTORS) >= 120
    assert kinds.keys() == {"fixed", "elapsed", "every", "at"}
    assert all(len(vector["why"].split()) >= 5 for _, _, vector in VECTORS)
    for _, _, vector in VECTORS:
        if vector["kind"] in {"fixed", "elapsed"}:
            expression = vector["schedule"].removeprefix("cron ")
            assert parse(expression).has_fixed_times == (vector["kind"] == "fixed")


def due_on(day: date, schedule: str, zone: ZoneInfo) -> Iterator[datetime]:
    """Due instants at which the clock on the wall shows that day."""
    noon = datetime.combine(day, time(12), UTC)
    try:
        trigger = trigger_of(schedule, zone)
    except ValueError:  # a local time that is not there is refused
        return
    for due in due_between("backup", (trigger,), noon - timedelta(days=2), noon + timedelta(days=2)):
        if due.at.astimezone(zone).date() == day:
            yield due.at


def trigger_of(schedule: str, zone: ZoneInfo) -> Trigger:
    kind, _, written = schedule.partition(" ")
    if kind == "cron":
        return CronTrigger(expression=written, timezone=zone.key)
    if kind == "every":
        return EveryTrigger(interval=duration(written), timezone=zone.key)
    return AtTrigger(at=instant(written, zone))
