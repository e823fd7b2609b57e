"""Laws of cron expressions, against cronsim and against counting every minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from clock_changes import examples
from rota.core.cron import Cron, CronError, parse

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Santiago",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Chatham",
)
# Where the clocks change by less or more than an hour cronsim steps over instants of expressions that follow
# elapsed time; those zones are held against the count of minutes alone.
HOUR_ZONES = tuple(zone for zone in ZONES if zone not in {"Australia/Lord_Howe", "Antarctica/Troll"})
NEAR_CHANGES = (
    datetime(2026, 3, 8, 4, tzinfo=UTC),
    datetime(2026, 3, 28, 22, tzinfo=UTC),
    datetime(2026, 4, 4, 10, tzinfo=UTC),
    datetime(2026, 4, 5, 0, tzinfo=UTC),
    datetime(2026, 9, 6, 1, tzinfo=UTC),
    datetime(2026, 9, 26, 10, tzinfo=UTC),
    datetime(2026, 10, 3, 12, tzinfo=UTC),
    datetime(2026, 10, 24, 22, tzinfo=UTC),
    datetime(2026, 11, 1, 2, tzinfo=UTC),
)
MINUTE = timedelta(minutes=1)


def terms(low: int, high: int) -> st.SearchStrategy[str]:
    values = st.integers(low, high)
    ranges = st.tuples(values, values).map(sorted).filter(lambda pair: pair[0] < pair[1])
    stepped = ranges.flatmap(
        lambda pair: st.integers(1, pair[1] - pair[0]).map(lambda step: f"{pair[0]}-{pair[1]}/{step}")
    )
    return st.one_of(values.map(str), ranges.map(lambda pair: f"{pair[0]}-{pair[1]}"), stepped)


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    starred = st.one_of(st.just("*"), st.integers(1, high - low).map(lambda step: f"*/{step}"))
    return st.one_of(starred, st.lists(terms(low, high), min_size=1, max_size=3).map(",".join))


COUNTED = st.one_of(
    st.tuples(st.integers(0, 7), st.integers(1, 5)).map(lambda pair: f"{pair[0]}#{pair[1]}"),
    st.integers(0, 7).map(lambda day: f"{day}L"),
)
# cronsim lets Sunday be both 0 and 7 in a range to the end, so ranges here end on Saturday.
EXPRESSIONS = st.tuples(
    fields(0, 59),
    fields(0, 23),
    st.one_of(st.just("*"), st.just("L"), fields(1, 31)),
    st.one_of(st.just("*"), fields(1, 12)),
    st.one_of(st.just("*"), fields(0, 6), COUNTED, st.just("sat,7")),
).map(" ".join)
STARTS = st.one_of(
    st.integers(0, 7 * 365 * 86_400).map(lambda s: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=s)),
    st.tuples(st.sampled_from(NEAR_CHANGES), st.integers(0, 12 * 3600)).map(
        lambda pair: pair[0] + timedelta(seconds=pair[1])
    ),
)


def parsed(expression: str) -> Cron | None:
    try:
        return parse(expression)
    except CronError as error:
        assert "never fires" in error.message  # noqa: PT017
        return None


@settings(deadline=None, max_examples=examples(400))
@given(expression=EXPRESSIONS, name=st.sampled_from(HOUR_ZONES), start=STARTS)
def test_cronsim_names_the_same_instants(expression: str, name: str, start: datetime) -> None:
    cron, zone = parsed(expression), ZoneInfo(name)
    if cron is None:
        return
    start = start.replace(microsecond=0)

    ours = [each.at for each in islice(cron.occurrences(start, zone), 6)]

    named = CronSim(expression, start.astimezone(zone))
    # Where the clock skips midnight, cronsim names the hour after it, also when the expression does not.
    meant = (each for each in named if cron.has_fixed_times or each.hour in cron.hours)
    theirs = (each.astimezone(UTC) for each in meant)
    assert ours == list(islice(_each_once(theirs, start), 6))


@settings(deadline=None, max_examples=examples(120))
@given(
    minute=fields(0, 59), hour=fields(0, 23), name=st.sampled_from(ZONES), start=st.sampled_from(NEAR_CHANGES)
)
def test_counting_every_minute_gives_the_same_instants(
    minute: str, hour: str, name: str, start: datetime
) -> None:
    cron, zone = parse(f"{minute} {hour} * * *"), ZoneInfo(name)
    until = start + timedelta(hours=20)

    ours = [each.at for each in takewhile(lambda each: each.at <= until, cron.occurrences(start, zone))]

    assert ours == _counted(cron, zone, start, until)


@settings(deadline=None, max_examples=examples(100))
@given(expression=EXPRESSIONS, name=st.sampled_from(ZONES), start=STARTS, cut=st.integers(0, 5))
def test_it_does_not_matter_where_one_begins_to_look(
    expression: str, name: str, start: datetime, cut: int
) -> None:
    cron, zone = parsed(expression), ZoneInfo(name)
    if cron is None:
        return

    whole = [each.at for each in islice(cron.occurrences(start, zone), 7)]

    rest = [each.at for each in islice(cron.occurrences(whole[cut], zone), 6 - cut)]
    assert rest == whole[cut + 1 :]
    assert whole == sorted(set(whole))


@given(text=st.text(max_size=300))
def test_any_text_is_an_expression_or_a_cron_error(text: str) -> None:
    try:
        parse(text)
    except CronError as error:
        assert error.message  # noqa: PT017


def _each_once(instants: Iterator[datetime], start: datetime) -> Iterator[datetime]:
    """cronsim may name a swallowed time's instant again, or one before the start."""
    last = start
    for instant in instants:
        if instant > last:
            last = instant
            yield instant


def _counted(cron: Cron, zone: ZoneInfo, start: datetime, until: datetime) -> list[datetime]:
    """Due instants by looking at the wall clock each minute, the rule for clock changes written out."""
    found: list[datetime] = []
    at = start - timedelta(hours=6)
    seen: set[datetime] = set()
    before = _wall(at - MINUTE, zone)
    while at <= until:
        wall = _wall(at, zone)
        skipped = [before + n * MINUTE for n in range(1, max(1, (wall - before) // MINUTE))]
        labels = [wall, *skipped] if cron.has_fixed_times else [wall]
        fresh = [label for label in labels if not (cron.has_fixed_times and label in seen)]
        if any(label.minute in cron.minutes and label.hour in cron.hours for label in fresh):
            found.append(at)
        seen.update(labels)
        before, at = wall, at + MINUTE
    return [instant for instant in found if instant > start]


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)
