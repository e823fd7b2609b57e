from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from importing import jobs_of
from rota.core.schedule import next_due
from rota.importing.calendar_event import trigger_of
from rota.importing.cronfields import NotConverted
from rota.importing.found import Entry, Found

VECTORS = yaml.load(
    (Path(__file__).parents[2] / "data/importing/calendar-events.yaml").read_text(), yaml.BaseLoader
)
START = datetime(2026, 2, 20, tzinfo=UTC)


def instants(event: str, count: int) -> list[str]:
    keys = {"schedule": trigger_of(event, None), "run": "true"}
    (job,) = jobs_of(Found(entries=(Entry(line=1, text=event, name="x", keys=keys),))).values()
    return [due.at.strftime("%Y-%m-%dT%H:%M:%SZ") for due in next_due("x", job.triggers, START, count)]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["event"])
def test_the_trigger_names_the_instants_that_systemd_names(vector: dict[str, Any]) -> None:
    found = instants(vector["event"], 40)

    assert found[: len(vector["instants"])] == vector["instants"]
    if "fortieth" in vector:
        assert found[39] == vector["fortieth"]


def test_events_without_a_zone_get_that_of_the_host() -> None:
    assert trigger_of("daily", "Asia/Tokyo") == {"cron": "0 0 * * *", "timezone": "Asia/Tokyo"}
    assert trigger_of("02:00 UTC", "Asia/Tokyo") == {"cron": "0 2 * * *", "timezone": "UTC"}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("*-*-* 00:00:30", "seconds"),
        ("*:*:0/7", "seconds"),
        ("Mon *-*-13 00:00", "either for a match"),
        ("*-*~03 00:00", "from the end of the month"),
        ("2027..2029-01-01 00:00", "the year"),
        ("2027-*-01 00:00", "the year"),
        ("@1700000000", "seconds since 1970"),
        ("Someday 10:00", "no day of the week"),
        ("*-*-* 10", "not understood"),
        ("00:00 Mars/Olympus", "not understood"),
        ("*-02-30 00:00", "never fires"),
    ],
)
def test_what_no_trigger_can_say_is_refused_with_the_reason(event: str, reason: str) -> None:
    with pytest.raises(NotConverted, match=reason):
        trigger_of(event, None)
