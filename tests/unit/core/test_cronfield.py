"""The grammar of each field, and where rota's answer is not croniter's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from croniter.croniter import CroniterError

from rota.core.cron import parse
from rota.core.cronfield import DAY, HOUR, MINUTE, MONTH, WEEKDAY, CronError, Field, expand

EVERY = {MINUTE: set(range(60)), HOUR: set(range(24)), DAY: set(range(1, 32)), MONTH: set(range(1, 13))}


@pytest.mark.parametrize(
    ("index", "text", "values"),
    [
        (MINUTE, "*", EVERY[MINUTE]),
        (MINUTE, "*/20", {0, 20, 40}),
        (MINUTE, "7", {7}),
        (MINUTE, "50/3", {50, 53, 56, 59}),
        (MINUTE, "1-5", {1, 2, 3, 4, 5}),
        (MINUTE, "10-20/4", {10, 14, 18}),
        (MINUTE, "0,15,30-32", {0, 15, 30, 31, 32}),
        (MINUTE, "*/30,7", {0, 7, 30}),
        (HOUR, "*/6", {0, 6, 12, 18}),
        (HOUR, "22-23,0-2", {0, 1, 2, 22, 23}),
        (DAY, "*/15", {1, 16, 31}),
        (DAY, "31", {31}),
        (MONTH, "jan-mar", {1, 2, 3}),
        (MONTH, "jan,7,dec", {1, 7, 12}),
        (MONTH, "*/5", {1, 6, 11}),
        (WEEKDAY, "mon-fri", {1, 2, 3, 4, 5}),
        (WEEKDAY, "0", {0}),
        (WEEKDAY, "7", {0}),
        (WEEKDAY, "sun", {0}),
        (WEEKDAY, "fri-sun", {5, 6, 0}),
        (WEEKDAY, "sat-7", {6, 0}),
        (WEEKDAY, "sun-sat", {0, 1, 2, 3, 4, 5, 6}),
        (WEEKDAY, "0-7", {0, 1, 2, 3, 4, 5, 6}),
        (WEEKDAY, "1-7/2", {1, 3, 5, 0}),
        (WEEKDAY, "*/3", {0, 3, 6}),
    ],
)
def test_a_field_names_its_values(index: int, text: str, values: set[int]) -> None:
    assert expand(index, text) == Field(star=text.startswith("*"), values=frozenset(values))


@pytest.mark.parametrize(
    ("index", "text", "expected"),
    [
        (DAY, "l", Field(star=False, values=frozenset(), last_day=True)),
        (DAY, "1,l", Field(star=False, values=frozenset({1}), last_day=True)),
        (WEEKDAY, "fri#2", Field(star=False, values=frozenset(), nth=frozenset({(5, 2)}))),
        (WEEKDAY, "7#1", Field(star=False, values=frozenset(), nth=frozenset({(0, 1)}))),
        (WEEKDAY, "l5", Field(star=False, values=frozenset(), nth=frozenset({(5, 0)}))),
        (WEEKDAY, "sunl,3", Field(star=False, values=frozenset({3}), nth=frozenset({(0, 0)}))),
    ],
)
def test_days_may_be_counted_within_their_month(index: int, text: str, expected: Field) -> None:
    assert expand(index, text) == expected


@pytest.mark.parametrize("index", [MINUTE, HOUR, DAY, MONTH, WEEKDAY])
@pytest.mark.parametrize(
    "text",
    ["", "-", "1-", "/5", "1//2", "1-2-3", "* ", "1;2", "l-3", "w", "?", "+1", "1.5", "٣", "²", "１", "a"],
)
def test_what_is_no_field_is_refused_in_all_of_them(index: int, text: str) -> None:
    with pytest.raises(CronError):
        expand(index, text)


@pytest.mark.parametrize(
    ("index", "text", "hint"),
    [
        (MINUTE, "50-10", "write 50-59,0-10"),
        (HOUR, "22-2", "write 22-23,0-2"),
        (DAY, "28-3", "write 28-31,1-3"),
        (MONTH, "nov-feb", "write 11-12,1-2"),
        (WEEKDAY, "sat-mon", "write 6-6,0-1"),
    ],
)
def test_a_range_that_wraps_is_refused_with_what_to_write(index: int, text: str, hint: str) -> None:
    with pytest.raises(CronError) as refused:
        expand(index, text)

    assert refused.value.hint == hint
    assert expand(index, hint.removeprefix("write ")).values


# | croniter, left alone | rota |
# | --- | --- |
# | takes six and seven fields, which mean different things in every program | refuses them: `every: 10s` |
# | lets a range wrap, which other crons refuse | refuses it, and says which two ranges are meant |
# | draws lots for `R`, anew at each start | refuses it: `H` is the same at each start |
# | looks for a day that never comes when it is asked | refuses the expression when it is read |
# | takes either day where one field begins with `*` | both must match, as in Vixie cron |
# | runs a fixed time twice that autumn repeats | the first time only |
# | runs an elapsed schedule at the end of a gap that swallowed a time of it | no run comes later for it |
@pytest.mark.parametrize("expression", ["* * * * * */10", "0 0 1 1 * 0 2030", "0 22-2 * * *", "R R * * *"])
def test_what_croniter_takes_and_rota_refuses(expression: str) -> None:
    assert croniter(expression, datetime(2026, 1, 1, tzinfo=UTC)).get_next(datetime)

    with pytest.raises(CronError):
        parse(expression)


def test_a_day_that_never_comes_is_refused_when_it_is_read() -> None:
    looks = croniter("0 0 31 2 *", datetime(2026, 1, 1, tzinfo=UTC))

    with pytest.raises(CroniterError):
        looks.get_next(datetime)
    with pytest.raises(CronError, match="never fires"):
        parse("0 0 31 2 *")


def test_days_that_begin_with_a_star_must_both_match_where_croniter_takes_either() -> None:
    expression, start = "0 0 */2 * 5", datetime(2026, 6, 1, 12, tzinfo=UTC)

    ours = [each.at.day for each in islice(parse(expression).occurrences(start, ZoneInfo("UTC")), 3)]

    theirs = croniter(expression, start)
    assert ours == [5, 19, 3]  # Fridays with an odd date
    assert [theirs.get_next(datetime).day for _ in range(3)] == [3, 5, 7]


@pytest.mark.parametrize(
    ("expression", "zone", "extra"),
    [
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T02:30+01:00"),  # a second time
        ("30 0,1 * * *", "Australia/Lord_Howe", "2026-04-05T01:30+10:30"),
        ("*/20 2 * * *", "Europe/Berlin", "2026-03-29T03:00+02:00"),  # after the gap
        ("0 */2 * * *", "America/Havana", "2026-03-08T01:00-04:00"),
    ],
)
def test_at_a_clock_change_croniter_names_instants_that_the_rule_does_not(
    expression: str, zone: str, extra: str
) -> None:
    at = datetime.fromisoformat(extra)
    start = at - timedelta(hours=5)

    theirs = croniter(expression, start.astimezone(ZoneInfo(zone)))
    ours = islice(parse(expression).occurrences(start, ZoneInfo(zone)), 20)

    assert at in [theirs.get_next(datetime).astimezone(UTC) for _ in range(20)]
    assert at not in [each.at for each in ours]


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("@DAILY", "0 0 * * *"),
        ("@midnight", "@daily"),
        ("@annually", "@yearly"),
        ("0 2 * JAN Mon", "0 2 * jan mon"),
        ("\t0  2\t*   * * ", "0 2 * * *"),
        ("@hourly", "0 * * * *"),
        ("@weekly", "0 0 * * sun"),
    ],
)
def test_macros_case_and_spaces(written: str, same: str) -> None:
    one, other = parse(written), parse(same)

    start, zone = datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("UTC")
    assert list(islice(one.occurrences(start, zone), 5)) == list(islice(other.occurrences(start, zone), 5))
