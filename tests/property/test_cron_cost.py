"""No expression takes long to be understood, refused or asked for its next instant: counted, not timed."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clock_changes import ODD, examples
from rota.core import cron, cronfield, zone
from rota.core.cron import CronError, parse

# What takes longest: months looked at, and looks at the offset of a zone. Together about 20 ms.
MOST_MONTHS, MOST_LOOKS = 1_500, 25_000
WORST = (
    "0 0 29 2 */7",  # a leap day that is a Sunday
    "*/5 0 29 2 */6",
    "*/59 */23 29 2 sat,*/6",
    "0 0 29 2 mon#5",
    "0 0 L 2 sunL",
    "0 0 31 * mon#5",
    "0 0 * */11 fri#5",
    "*/15 2 * 3 sunL",  # lives in gaps alone: there is no next one
    "*/20 1 * 3 sunL",
    "* 2 25-31 3 */7",
    "0 0 31 2 *",  # never fires
    "0 0 30,31 2 */2",
    "0 0 31 2,4,6,9,11 *",
    "H H H H H",
    "H(0-59)/7 H/5 H(1-28) */2 *",
    ",".join(str(n) for n in range(60)) + " * * * *",
    "1-59/58," * 20 + "1 * * * *",
    "* " * 128,
    "(" * 256,
    "1" * 256,
    "0 0 1-31/1,1-31/2,1-31/3,L * mon#1,mon#2,mon#3,mon#4,mon#5,monL",
)
STARTS = (
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2096, 3, 1, tzinfo=UTC),
    datetime(9989, 12, 31, tzinfo=UTC),
)
TIMES = ["*", "*/2", "*/7", "*/22", "0", "1", "2", "1-5", "2-3/1", "H"]
DAYS = ["*", "*/2", "*/15", "1", "28", "29", "30", "31", "L", "29-31", "H"]
MONTHS = ["*", "*/2", "*/11", "2", "3", "2-3", "feb", "4,6,9,11"]
WEEKDAYS = ["*", "*/6", "*/2", "sun", "7", "1-5", "sunL", "mon#5", "sat#1", "L5"]


def field(pieces: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), min_size=1, max_size=2).map(",".join)


EXPRESSIONS = st.one_of(
    st.tuples(*(field(pieces) for pieces in (TIMES, TIMES, DAYS, MONTHS, WEEKDAYS))).map(" ".join),
    st.text(max_size=256),
)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the two costly things are done."""
    counted: Counter[str] = Counter()

    def counting(name: str, does: Any) -> Any:
        def count(*arguments: Any) -> Any:
            counted[name] += 1
            return does(*arguments)

        return count

    look = zone.offset_at
    monkeypatch.setattr(cron, "_days", counting("months", cron._days.__wrapped__))
    for module in (cron, zone):
        monkeypatch.setattr(module, "offset_at", counting("looks", look))
    return counted


def asked(expression: str, name: str, start: datetime, work: Counter[str]) -> None:
    """The next instant, with nothing remembered from before."""
    for known in (cron._parse, cron._times, zone._year, cronfield.expand):
        known.cache_clear()
    work.clear()
    with suppress(CronError):
        parse(expression, seed="host/job").next_after(start, ZoneInfo(name))
    assert work["months"] <= MOST_MONTHS, (expression, name, start, dict(work))
    assert work["looks"] <= MOST_LOOKS, (expression, name, start, dict(work))


@pytest.mark.parametrize("expression", WORST)
def test_the_worst_that_we_know_is_bounded(expression: str, work: Counter[str]) -> None:
    for name in ("UTC", "Europe/Berlin", "Africa/Casablanca", "Antarctica/Troll"):
        for start in STARTS:
            asked(expression, name, start, work)


@settings(
    deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(expression=EXPRESSIONS, name=st.sampled_from(ODD), start=st.sampled_from(STARTS))
def test_no_expression_is_found_that_takes_longer(
    expression: str, name: str, start: datetime, work: Counter[str]
) -> None:
    asked(expression, name, start, work)
