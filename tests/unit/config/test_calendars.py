"""iCalendar files: what their events are, and what becomes of files that can't be used."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rota.config.calendars import Calendars
from rota.config.icalendar_file import MAX_BYTES, parse
from rota.config.recurrence import CalendarError
from rota.core.excepts import excepted, excepted_until
from rota.core.triggers import CronTrigger, DateSpan, Except, InstantSpan

BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")


def calendar(*events: str) -> bytes:
    inside = "".join(f"BEGIN:VEVENT\nUID:{n}\n{event}\nEND:VEVENT\n" for n, event in enumerate(events))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n{inside}END:VCALENDAR\n".replace(
        "\n", "\r\n"
    ).encode()


def spans(*events: str, zone: ZoneInfo = BERLIN) -> list[DateSpan | InstantSpan]:
    return list(parse(calendar(*events), 2026).spans(zone))


def day(first: str, last: str | None = None) -> DateSpan:
    return DateSpan(first=date.fromisoformat(first), last=date.fromisoformat(last or first))


def between(begin: str, end: str) -> InstantSpan:
    return InstantSpan(
        begin=datetime.fromisoformat(begin).replace(tzinfo=UTC),
        end=datetime.fromisoformat(end).replace(tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("DTSTART;VALUE=DATE:20261224", [day("2026-12-24")]),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227", [day("2026-12-24", "2026-12-26")]),
        ("DTSTART;VALUE=DATE:20261224\nDURATION:P2D", [day("2026-12-24", "2026-12-25")]),
        ("DTSTART:20261224T100000Z\nDURATION:PT2H", [between("2026-12-24T10:00", "2026-12-24T12:00")]),
        (
            "DTSTART;TZID=America/New_York:20260704T100000\nDTEND;TZID=Europe/Berlin:20260704T180000",
            [between("2026-07-04T14:00", "2026-07-04T16:00")],
        ),
        (
            "DTSTART;TZID=W. Europe Standard Time:20260704T100000\nDURATION:PT1H",
            [between("2026-07-04T08:00", "2026-07-04T09:00")],
        ),
        ("DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED", []),
        ("DTSTART;VALUE=DATE:20191224", []),
        ("DTSTART;VALUE=DATE:20401224", [day("2040-12-24")]),
    ],
)
def test_an_event_is_whole_days_or_a_span_of_instants(
    event: str, expected: list[DateSpan | InstantSpan]
) -> None:
    assert spans(event) == expected


def test_times_without_a_zone_are_those_of_the_trigger() -> None:
    event = "DTSTART:20260704T100000\nDTEND:20260704T110000"

    assert spans(event) == [between("2026-07-04T08:00", "2026-07-04T09:00")]
    assert spans(event, zone=UTC_ZONE) == [between("2026-07-04T10:00", "2026-07-04T11:00")]


def test_an_event_that_repeats_keeps_its_local_time_when_the_clocks_change() -> None:
    event = "DTSTART;TZID=Europe/Berlin:20260328T020000\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=2;COUNT=2"

    assert spans(event) == [
        between("2026-03-28T01:00", "2026-03-28T02:00"),
        between("2026-03-30T00:00", "2026-03-30T01:00"),
    ]


def test_repetitions_end_where_the_rule_says_or_with_the_fifth_year_to_come() -> None:
    until = "DTSTART;VALUE=DATE:20251224\nRRULE:FREQ=YEARLY;UNTIL=20271231"
    forever = "DTSTART;VALUE=DATE:20001003\nRRULE:FREQ=YEARLY"

    assert spans(until) == [day("2025-12-24"), day("2026-12-24"), day("2027-12-24")]
    assert spans(forever) == [day(f"{year}-10-03") for year in range(2025, 2032)]


def test_single_repetitions_are_left_out_added_or_moved() -> None:
    weekly = (
        "DTSTART;TZID=Europe/Berlin:20260105T100000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=4\n"
        "EXDATE;TZID=Europe/Berlin:20260112T100000\nRDATE;TZID=Europe/Berlin:20260107T100000"
    )
    moved = (
        "RECURRENCE-ID;TZID=Europe/Berlin:20260119T100000\n"
        "DTSTART;TZID=Europe/Berlin:20260120T120000\nDURATION:PT1H"
    )
    content = calendar(weekly, moved).replace(b"UID:1", b"UID:0")

    assert [span.begin for span in parse(content, 2026).spans(BERLIN) if isinstance(span, InstantSpan)] == [
        datetime(2026, 1, 5, 9, tzinfo=UTC),
        datetime(2026, 1, 7, 9, tzinfo=UTC),
        datetime(2026, 1, 20, 11, tzinfo=UTC),
        datetime(2026, 1, 26, 9, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no BEGIN:VCALENDAR"),
        (b"\xff\xfe\x00", "not an iCalendar file"),
        (b"hello", "not an iCalendar file"),
        (b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "no BEGIN:VCALENDAR"),
        (b"x" * (MAX_BYTES + 1), "larger than 1 MiB"),
        (calendar("SUMMARY:Nothing"), 'the event "Nothing" has no DTSTART'),
        (calendar("DTSTART:2026x224"), 'the event "0" has a wrong DTSTART'),
        (calendar("DTSTART;VALUE=DATE:20261227\nDTEND;VALUE=DATE:20261224"), "ends before it begins"),
        (
            calendar("DTSTART;VALUE=DATE:20261224\nDTEND:20261225T100000Z"),
            "only begin or end has a time of day",
        ),
        (calendar("DTSTART:20261224T100000\nDTEND:20261225T100000Z"), "names a time zone at one end only"),
        (calendar("DTSTART:20261224T100000Z\nRRULE:FREQ=SECONDLY"), "DAILY or more seldom"),
        (calendar("DTSTART:20261224T100000Z\nRRULE:FREQ=DAILY;INTERVAL=0"), "DAILY or more seldom"),
        (calendar("DTSTART:00010101T100000Z\nRRULE:FREQ=DAILY"), "begin after 1900"),
        (calendar(*["DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=DAILY"] * 5), "more than 10000 events"),
        (
            calendar(
                "DTSTART:19500101T100000Z\nRRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7,8,9;BYMINUTE=0,10,20,30,40,50"
            ),
            "repeat too often",
        ),
    ],
)
def test_a_file_that_can_not_be_used_says_why(content: bytes, message: str) -> None:
    with pytest.raises(CalendarError) as caught:
        parse(content, 2026)

    assert message in caught.value.message


def test_a_rule_that_never_comes_true_ends_and_there_may_be_few_of_them() -> None:
    never = "DTSTART;VALUE=DATE:19600101\nRRULE:FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2"

    assert spans(never) == []
    with pytest.raises(CalendarError, match="too often, or never"):
        spans(*[never] * 25)


def test_a_file_is_parsed_anew_when_it_says_something_else_or_a_year_has_begun(tmp_path: Path) -> None:
    file = tmp_path / "school.ics"
    now = datetime(2026, 12, 31, tzinfo=UTC)
    calendars = Calendars(now=lambda: now)
    file.write_bytes(calendar("DTSTART;VALUE=DATE:20000101\nRRULE:FREQ=YEARLY"))
    first, spans_of_first = calendars.key(file), calendars.spans(file, BERLIN)

    now = datetime(2027, 1, 1, tzinfo=UTC)
    assert calendars.key(file) == first
    calendars.look_again()
    assert calendars.key(file) != first
    assert calendars.spans(file, BERLIN)[-1] == day("2032-01-01")
    assert spans_of_first[-1] == day("2031-01-01")

    file.write_bytes(calendar("DTSTART;VALUE=DATE:20270501"))
    calendars.look_again()
    assert calendars.spans(file, BERLIN) == (day("2027-05-01"),)


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "dangling"])
def test_what_is_no_file_can_not_be_used(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "school.ics"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "dangling":
        path.symlink_to(tmp_path / "gone")

    with pytest.raises(CalendarError, match=r"not there|not a regular file"):
        Calendars().spans(path, BERLIN)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_an_event_may_last_from_the_first_instant_there_is_until_the_last(zone: str) -> None:
    (span,) = spans("DTSTART:00010101T000000\nDTEND:99991231T235959", zone=ZoneInfo(zone))
    trigger = CronTrigger(expression="0 2 * * *", excepts=(Except(label="all", spans=(span,)),))

    assert excepted(datetime(2026, 1, 1, tzinfo=UTC), trigger)
    assert excepted_until(datetime(2026, 1, 1, tzinfo=UTC), trigger).year == 9999
