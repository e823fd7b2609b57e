"""The rule for clock changes at every change of a clock in tzdata from 2015 to 2035.

The oracle counts minutes (`clock_changes.Walls`). cronsim is asked as well, where it follows the same rule:

Where cronsim deviates the count of minutes alone decides:

| Schedule | Change | cronsim | Because |
| --- | --- | --- | --- |
| elapsed | by something else than one hour (Lord Howe, Troll) | leaves instants out | it steps by hours |
| elapsed | not on the hour (Chatham at 02:45) | leaves instants out | it steps by hours |
| elapsed | skips midnight (Santiago, Havana, Beirut) | names the end of the gap | it steps by days |
| all | none: `0-7` and `sat-7` as days of the week | names days that are not meant | Sunday is both 0 and 7 |
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from clock_changes import COVERED, ODD, ClockChange, Walls, changes_of, clock_changes, examples
from rota.core.cron import Cron, parse
from rota.core.zone import segments, to_minute

HOUR = timedelta(hours=1)
FIXED = ("30 2 * * *", "0 0 * * *", "15,45 0-3 * * *", "59 23 * * *", "30 1 * * sun", "0 0 1 * *")
ELAPSED = ("*/15 * * * *", "0 * * * *", "*/20 2 * * *", "0 */2 * * *", "* 0 * * *", "7 */3 1-7 * sat,sun")


def terms(low: int, high: int) -> st.SearchStrategy[str]:
    single = st.integers(low, high).map(str)
    spans = st.tuples(st.integers(low, high - 1), st.integers(1, high - low), st.integers(1, 20))
    ranges = spans.map(lambda span: _range(span[0], min(high, span[0] + span[1]), span[2]))
    return st.lists(st.one_of(single, ranges), min_size=1, max_size=3).map(",".join)


def _range(low: int, high: int, step: int) -> str:
    return f"{low}-{high}/{min(step, high - low)}"


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    starred = st.integers(1, (high - low) // 2).map(lambda step: "*" if step == 1 else f"*/{step}")
    return st.one_of(starred, terms(low, high))


# Hours near midnight and 02:00 are where clocks change.
HOURS = st.one_of(fields(0, 23), terms(0, 3), st.sampled_from(["0", "1", "2", "3", "23", "0-3", "22-23,0-1"]))
DAYS = st.sampled_from(
    ["* * *", "* * *", "* * sun", "*/2 * *", "1-15 * 1-5", "L * *", "* 1-6 *", "* * fri-sat"]
)
EXPRESSIONS = st.tuples(fields(0, 59), HOURS, DAYS).map(" ".join)
CHANGES = st.deferred(lambda: st.sampled_from(clock_changes()))
ODD_CHANGES = st.deferred(lambda: st.sampled_from([each for name in ODD for each in changes_of(name)]))


@settings(deadline=None, max_examples=examples(250))
@given(change=st.one_of(CHANGES, ODD_CHANGES), expression=EXPRESSIONS)
def test_around_any_change_of_any_clock_the_instants_are_those_that_counting_minutes_gives(
    change: ClockChange, expression: str
) -> None:
    agrees(parse(expression), change, Walls.around(change.at, change.zone, hours=9))


@pytest.mark.parametrize("name", ODD)
def test_in_zones_with_odd_changes_the_usual_expressions_hold_at_the_last_changes(name: str) -> None:
    changes = changes_of(name)
    forth = [each for each in changes if each.by > timedelta(0)][-2:]
    back = [each for each in changes if each.by < timedelta(0)][-2:]
    for change in (*forth, *back):
        walls = Walls.around(change.at, name, hours=25)
        for expression in (*FIXED, *ELAPSED):
            agrees(parse(expression), change, walls)


def test_a_fair_share_of_all_changes_of_all_zones_keeps_the_rule() -> None:
    everywhere = clock_changes()
    for change in random.sample(everywhere, min(len(everywhere), examples(150))):
        walls = Walls.around(change.at, change.zone, hours=4)
        for expression in ("15,45 0-4 * * *", "*/20 * * * *", "0 0 * * *", "30 */2 * * *"):
            agrees(parse(expression), change, walls)


def test_no_zone_has_a_change_that_is_overlooked() -> None:
    for change in clock_changes():
        minute = to_minute(change.at)
        opened = next(each for each in segments(ZoneInfo(change.zone), minute))
        assert (opened.begin, opened.opening is not None) == (minute, True), change
        assert opened.opening is not None
        assert timedelta(minutes=opened.opening.after - opened.opening.before) == change.by


def agrees(cron: Cron, change: ClockChange, walls: Walls) -> None:
    """Rota, the count of minutes and, where it follows the rule, cronsim name the same instants."""
    COVERED.add(change)
    last = walls.begin + timedelta(minutes=len(walls.shown) - 1)
    zone = ZoneInfo(change.zone)

    ours = [each.at for each in takewhile(lambda each: each.at <= last, cron.occurrences(walls.begin, zone))]

    named = walls.fixed if cron.has_fixed_times else walls.elapsed
    assert ours == list(named(matching(cron))), (change, cron.expression)
    if cron.has_fixed_times or is_plain(change, zone):
        assert ours == by_cronsim(cron.expression, walls.begin, last, zone), (change, cron.expression)


def is_plain(change: ClockChange, zone: ZoneInfo) -> bool:
    """Whether the clock moves by an hour, on the hour, and midnight is there."""
    wall = change.at.astimezone(zone)
    skips_midnight = change.by > timedelta(0) and wall.hour * HOUR <= change.by
    return abs(change.by) == HOUR and wall.minute == 0 and not skips_midnight


def matching(cron: Cron) -> Callable[[datetime], bool]:
    """Whether a time on the wall is one of the expression's."""

    def matches(wall: datetime) -> bool:
        if wall.minute not in cron.minutes or wall.hour not in cron.hours or wall.month not in cron.months:
            return False
        is_last = (wall + timedelta(days=1)).day == 1
        by_date = wall.day in cron.days.values or (cron.days.last_day and is_last)
        by_weekday = wall.isoweekday() % 7 in cron.weekdays.values
        both = cron.days.star or cron.weekdays.star
        return (by_date and by_weekday) if both else (by_date or by_weekday)

    return matches


def by_cronsim(expression: str, after: datetime, last: datetime, zone: ZoneInfo) -> list[datetime]:
    found: list[datetime] = []
    for each in CronSim(expression.upper(), after.astimezone(zone)):
        at = each.astimezone(UTC)
        if at > last:
            break
        if at > (found[-1] if found else after):  # it names the end of a gap once for each time in it
            found.append(at)
    return found
