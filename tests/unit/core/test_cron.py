from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from rota.core.cron import CronError, Occurrence, parse

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = yaml.safe_load((Path(__file__).parents[2] / "data" / "clock-changes.yaml").read_text())


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def after(text: str, expression: str, zone: ZoneInfo = BERLIN) -> Occurrence:
    found = parse(expression).next_after(utc(text), zone)
    assert found is not None
    return found


def local(occurrence: Occurrence, zone: ZoneInfo = BERLIN) -> str:
    return occurrence.at.astimezone(zone).isoformat(timespec="minutes")


@pytest.mark.parametrize("night", NIGHTS, ids=lambda night: f"{night['zone']} {night['date']}")
def test_each_night_of_a_clock_change_runs_as_the_table_says(night: dict[str, Any]) -> None:
    zone, day = ZoneInfo(night["zone"]), night["date"]
    assert isinstance(day, date)
    begin = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) - timedelta(seconds=1)
    end = datetime(day.year, day.month, day.day, 5, tzinfo=zone)

    due = {
        expression: [
            local(each, zone)[11:]
            for each in takewhile(lambda each: each.at < end, parse(expression).occurrences(begin, zone))
        ]
        for expression in night["due"]
    }

    assert due == night["due"]


def test_a_time_in_the_gap_runs_after_it_and_says_so() -> None:
    found = after("2026-03-28T12:00", "30 2 * * *")

    assert local(found) == "2026-03-29T03:00+02:00"
    assert found.note == "the clock skips 02:30 on 2026-03-29: it runs once, at 03:00"


def test_several_times_in_the_gap_run_once() -> None:
    found = after("2026-03-28T12:00", "15,30,45 2 * * *")

    assert (
        found.note
        == "the clock skips 02:15 (and 2 more times that night) on 2026-03-29: it runs once, at 03:00"
    )


def test_a_fixed_time_that_comes_twice_says_that_it_runs_the_first_time() -> None:
    found = after("2026-10-24T12:00", "30 2 * * *")

    assert local(found) == "2026-10-25T02:30+02:00"
    assert found.note == "the clock shows 02:30 twice on 2026-10-25: it runs the first time"


def test_a_rhythm_goes_on_through_the_repeated_hour_and_says_so() -> None:
    found = after("2026-10-25T00:45", "*/30 * * * *")

    assert local(found) == "2026-10-25T02:00+01:00"
    assert found.note == "the clock shows 02:00 twice on 2026-10-25: it runs both times"


def test_a_rhythm_that_lives_in_the_gap_alone_names_the_day_it_loses() -> None:
    found = after("2026-03-28T12:00", "*/15 2 * * *")

    assert local(found) == "2026-03-30T02:00+02:00"
    assert found.note == "no run on 2026-03-29: the clock skips 02:00 to 02:45"


def test_most_instants_have_no_note() -> None:
    assert after("2026-06-01T12:00", "30 2 * * *").note == ""


def test_an_instant_is_later_than_the_one_asked_from() -> None:
    assert after("2026-06-01T00:30", "30 2 * * *").at == utc("2026-06-02T00:30")
    assert after("2026-06-01T00:29:59.999999", "30 2 * * *").at == utc("2026-06-01T00:30")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 0 13 * 5", "2026-06-05T00:00+00:00"),  # both restricted: either matches
        ("0 0 */2 * 5", "2026-06-05T00:00+00:00"),  # begins with *: both must match
        ("0 0 13 * */5", "2026-09-13T00:00+00:00"),  # the 13th that is a Sunday or Friday
        ("0 0 L * *", "2026-06-30T00:00+00:00"),
        ("0 0 * * fri#2", "2026-06-12T00:00+00:00"),
        ("0 0 * * friL", "2026-06-26T00:00+00:00"),
        ("0 0 * * L5", "2026-06-26T00:00+00:00"),
        ("0 0 * * mon#1,thu", "2026-06-04T00:00+00:00"),
        ("0 0 * * 7", "2026-06-07T00:00+00:00"),
        ("0 0 * * sat-sun", "2026-06-06T00:00+00:00"),
        ("0 0 29 2 *", "2028-02-29T00:00+00:00"),
        ("0 12 1 JAN,jul *", "2026-07-01T12:00+00:00"),
        ("7/20 * * * *", "2026-06-01T12:07+00:00"),
        ("5-5 * * * *", "2026-06-01T12:05+00:00"),
        ("@monthly", "2026-07-01T00:00+00:00"),
        ("@YEARLY", "2027-01-01T00:00+00:00"),
        ("\t 0   0 * * * ", "2026-06-02T00:00+00:00"),
    ],
)
def test_an_expression_names_its_instants(expression: str, expected: str) -> None:
    assert local(after("2026-06-01T12:00", expression, ZoneInfo("UTC")), ZoneInfo("UTC")) == expected


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("", "no fields, expected five", "such as 0 2 * * *"),
        ("* * *", "3 fields, expected five", "such as 0 2 * * *"),
        ("*/10 * * * * *", "6 fields, expected five", "for seconds write `every: 10s`"),
        ("0 0 12 * * * 2027", "7 fields, expected five", "for seconds write `every: 10s`"),
        ("60 * * * *", "minute: 60 is not in 0 to 59", "minute 0"),
        ("0 24 * * *", "hour: 24 is not in 0 to 23", "midnight is hour 0"),
        ("0 0 0 * *", "day of month: 0 is not in 1 to 31", None),
        ("0 0 * 13 *", "month: 13 is not in 1 to 12", None),
        ("0 0 * * 8", "day of week: 8 is not in 0 to 7", None),
        ("*/90 * * * *", "a step of 90 is over the range 0 to 59", "for an even rhythm write `every: 90m`"),
        ("0 */24 * * *", "a step of 24 is over the range 0 to 23", "for an even rhythm write `every: 24h`"),
        (
            "10-20/15 * * * *",
            "a step of 15 is over the range 10 to 20",
            "for an even rhythm write `every: 15m`",
        ),
        ("*/0 * * * *", "a step of 0 never moves on", "steps count from 1"),
        ("0 22-2 * * *", "the range '22-2' runs backwards", "write 22-23,0-2"),
        ("0 0 ? * 1", "'?' is not understood", "write * instead of ?"),
        ("0 0 15W * *", "'15w' is not understood", "there is no W here"),
        ("0 0 * * frj", "'frj' is not understood", "did you mean fri?"),
        ("0 0 * * fri#6", "# counts from 1 to 5", None),
        ("R * * * *", "'r' is not understood", "use H: a hash of the job"),
        ("H,30 * * * *", "'h' is not understood", "H stands alone in its field"),
        ("H(30-10) * * * *", "H needs a range that runs forwards", None),
        ("1,,2 * * * *", "minute: '' is not understood", "remove the comma"),
        ("-5 * * * *", "minute: '-5' is not understood", "1-5"),
        ("@reboot", "@reboot names no time", "write times, such as 0 2 * * *"),
        ("@every 5m", "'@every 5m' is not known", "`every: 5m`"),
        ("0 0 31 2 *", "never fires", "write L"),
        ("0 0 31 4,6,9,11 *", "never fires", "write L"),
        ("0 0 30 2 */2", "never fires", "write L"),
        ("\u0661 * * * *", "is not understood", None),
        ("1" * 257, "257 characters, 256 are allowed", None),
    ],
)
def test_what_is_refused_says_what_is_wrong_and_what_to_write(
    expression: str, message: str, hint: str | None
) -> None:
    with pytest.raises(CronError) as refused:
        parse(expression)

    assert message in refused.value.message
    assert (hint is None) == (refused.value.hint is None)
    assert (hint or "") in (refused.value.hint or "")


def test_a_hashed_field_is_the_same_for_a_job_and_differs_between_jobs() -> None:
    times = {
        (min(c.minutes), min(c.hours)) for n in range(40) for c in [parse("H H * * *", seed=f"db/job-{n}")]
    }

    assert parse("H H * * *", seed="db/backup") == parse("h h * * *", seed="db/backup")
    assert len(times) > 30


def test_a_hashed_day_exists_in_every_month() -> None:
    days = {day for n in range(200) for day in parse("0 0 H * *", seed=str(n)).days.values}

    assert max(days) == 28


def test_a_hashed_step_keeps_its_rhythm_and_its_range() -> None:
    minutes = sorted(parse("H(0-29)/10 * * * *", seed="backup").minutes)

    assert len(minutes) == 3
    assert minutes[-1] <= 29
    assert {later - earlier for earlier, later in pairwise(minutes)} == {10}


def test_equal_expressions_are_parsed_once() -> None:
    assert parse("0 3 * * thu", seed="one") is parse("0 3 * * THU", seed="two")


def test_an_expression_that_only_lives_in_gaps_ends_its_search() -> None:
    assert parse("*/15 2 * 3 sunL").next_after(utc("2026-01-01T00:00"), BERLIN) is None
