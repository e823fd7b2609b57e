"""Every kind of trigger, from how it is written to what it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rota.config import yaml12
from rota.config.calendars import Calendars, NamedCalendar
from rota.config.parse import Parsed, Surroundings, parse
from rota.config.part import Part
from rota.config.places import Places
from rota.core.model import Source
from rota.core.problems import Problem
from rota.core.triggers import (
    AfterTrigger,
    AtTrigger,
    BootTrigger,
    CronTrigger,
    DateSpan,
    Ending,
    EveryTrigger,
    Except,
    Trigger,
    WeeklyWindow,
)

CHRISTMAS = DateSpan(first=date(2026, 12, 25), last=date(2026, 12, 26))
NAMED = {"holidays": NamedCalendar(dates=(CHRISTMAS,))}
BERLIN = "Europe/Berlin"


def read(schedule: str, named: dict[str, NamedCalendar] | None = None) -> Parsed:
    document = yaml12.read(f"run: x\nschedule: {schedule}\n".encode(), "job.yaml")
    assert not document.problems
    source = Source(file="job.yaml", line=1, directory="/jobs")
    surroundings = Surroundings(timezone=BERLIN, host="db1", calendars=Calendars(named))
    return parse("job", Part(data=document.data, places=document.places), source, surroundings)


def triggers(schedule: str) -> Sequence[Trigger]:
    found = read(schedule, NAMED)
    assert found.spec is not None, found.problems
    return found.spec.triggers


def excepts(written: str) -> Sequence[Except]:
    (trigger,) = triggers(f"{{every: 1h, except: {written}}}")
    return trigger.excepts


def the_problem(schedule: str, named: dict[str, NamedCalendar] | None = None) -> Problem:
    (problem,) = read(schedule, named).problems
    return problem


@pytest.mark.parametrize(
    ("written", "trigger"),
    [
        ("{every: 10m}", EveryTrigger(interval=timedelta(minutes=10), timezone=BERLIN)),
        (
            "{every: 10m, from: end}",
            EveryTrigger(interval=timedelta(minutes=10), timezone=BERLIN, from_end=True),
        ),
        ("{boot: 5m}", BootTrigger(delay=timedelta(minutes=5), timezone=BERLIN)),
        ("{boot: 0s, timezone: UTC}", BootTrigger(delay=timedelta(0))),
        ("{after: export}", AfterTrigger(jobs=("export",), timezone=BERLIN)),
        ("{after: {all: [a, b]}}", AfterTrigger(jobs=("a", "b"), all=True, timezone=BERLIN)),
        (
            "{after: {any: [a, b], on: failed}}",
            AfterTrigger(jobs=("a", "b"), on=Ending.FAILED, timezone=BERLIN),
        ),
        (
            "{after: {any: [a], on: always}}",
            AfterTrigger(jobs=("a",), on=Ending.ALWAYS, timezone=BERLIN),
        ),
        (
            "{cron: '0 2 * * *', spread: 5m}",
            CronTrigger(expression="0 2 * * *", timezone=BERLIN, seed="db1/job", spread=timedelta(minutes=5)),
        ),
        (
            "{every: 1h, spread: 90}",
            EveryTrigger(
                interval=timedelta(hours=1), timezone=BERLIN, seed="db1/job", spread=timedelta(seconds=90)
            ),
        ),
    ],
)
def test_a_trigger_is_what_was_written(written: str, trigger: Trigger) -> None:
    assert list(triggers(written)) == [trigger]


def test_each_trigger_of_a_list_has_its_own_zone() -> None:
    found = triggers("[{at: '2027-01-01T00:00', timezone: Asia/Tokyo}, {boot: 0s}]")

    assert found == (
        AtTrigger(at=datetime(2026, 12, 31, 15, tzinfo=UTC), timezone="Asia/Tokyo"),
        BootTrigger(delay=timedelta(0), timezone=BERLIN),
    )


@pytest.mark.parametrize(
    ("written", "label", "span"),
    [
        ("2026-12-24", "2026-12-24", DateSpan(first=date(2026, 12, 24), last=date(2026, 12, 24))),
        (
            "2026-12-24/2026-12-27",
            "2026-12-24/2026-12-27",
            DateSpan(first=date(2026, 12, 24), last=date(2026, 12, 27)),
        ),
        ("{days: sun}", "sun", WeeklyWindow(days=frozenset({0}), begin=0, end=1439)),
        (
            '{days: [sat, sun], from: "02:00", to: "04:00"}',
            "sat, sun from 02:00 to 04:00",
            WeeklyWindow(days=frozenset({6, 0}), begin=120, end=240),
        ),
        ('{to: "05:59"}', "to 05:59", WeeklyWindow(days=frozenset(range(7)), begin=0, end=359)),
        (
            '{from: "22:00", to: "05:59"}',
            "from 22:00 to 05:59",
            WeeklyWindow(days=frozenset(range(7)), begin=1320, end=359),
        ),
        ("{calendar: holidays}", "calendar holidays", CHRISTMAS),
    ],
)
def test_an_exception_is_a_span_with_the_words_it_was_written_in(
    written: str, label: str, span: DateSpan | WeeklyWindow
) -> None:
    assert excepts(written) == (Except(label=label, spans=(span,)),)


def test_exceptions_may_be_several() -> None:
    assert [each.label for each in excepts("[2026-12-24, {days: sun}, {calendar: holidays}]")] == [
        "2026-12-24",
        "sun",
        "calendar holidays",
    ]


@pytest.mark.parametrize(
    ("schedule", "column", "message", "hint"),
    [
        ("{every: 1h, from: start}", 29, 'expected end, got "start"', None),
        ("{cron: '0 2 * * *', from: end}", 31, "from has a meaning only beside every", None),
        ("{every: 1h, boot: 5m}", 23, "every and boot exclude each other", "keep one"),
        ("{after: {on: failed}}", 19, "expected exactly one of all or any", None),
        ("{after: [a, b]}", 19, "got a list of 2 items", "write {all: [a, b]} or {any: [a, b]}"),
        ("{after: {all: [Export]}}", 26, 'got "Export"', "did you mean export?"),
        ("{every: 1h, except: 2026-02-30}", 31, 'there is no day "2026-02-30"', "February 2026 has 28 days"),
        ("{every: 1h, except: 2026-13-01}", 31, 'there is no day "2026-13-01"', "year-month-day"),
        (
            "{every: 1h, except: [2026-12-27/2026-12-24]}",
            32,
            '"2026-12-27/2026-12-24" ends before it begins',
            "2026-12-24/2026-12-27",
        ),
        ("{every: 1h, except: {calendar: hollidays}}", 42, 'no calendar "hollidays"', "holidays"),
        ("{every: 1h, except: {calendar: a, days: sun}}", 45, "calendar and days exclude each other", "keep"),
        ('{every: 1h, except: {from: "25:00"}}', 38, "a time of day from 00:00 to 23:59", None),
        ("{every: 1h, except: {days: sunday}}", 38, 'got "sunday"', 'did you mean "sun"?'),
        ("{every: 1h, except: {}}", 31, "got an empty map", None),
        ("{every: 1h, spread: often}", 31, 'expected a duration such as 30s, 5m or 1h30m, got "often"', None),
    ],
)
def test_what_is_wrong_is_said_where_it_is(
    schedule: str, column: int, message: str, hint: str | None
) -> None:
    problem = the_problem(schedule, NAMED)

    assert (problem.line, problem.column) == (2, column)
    assert message in problem.message
    assert hint is None or hint in (problem.hint or "")


def test_a_calendar_that_nobody_can_look_up_excepts_nothing_and_says_so() -> None:
    found = read("{every: 1h, except: {calendar: holidays}}")

    assert found.spec is not None
    assert found.spec.triggers[0].excepts == (Except(label="calendar holidays", spans=()),)
    (warning,) = found.problems
    assert warning.severity == "warning"
    assert "--config" in (warning.hint or "")


def test_without_calendars_in_rota_yaml_the_hint_says_that_there_are_none() -> None:
    assert the_problem("{every: 1h, except: {calendar: holidays}}", {}).hint == "calendars in rota.yaml: none"


def test_a_calendar_file_that_is_not_there_is_a_problem_that_names_it() -> None:
    problem = the_problem("{every: 1h, except: {ics: gone.ics}}")

    assert problem.message == "the calendar /jobs/gone.ics can't be used: it is not there"
    assert problem.column == 37


def test_a_named_calendar_that_is_a_broken_file_is_a_problem_that_names_both(tmp_path: Path) -> None:
    file = tmp_path / "school.ics"
    file.write_text("no calendar")
    problem = the_problem("{every: 1h, except: {calendar: school}}", {"school": NamedCalendar(ics=file)})

    assert problem.message.startswith(f'the calendar "school", {file}, can\'t be used: ')


def test_jobs_that_except_the_same_share_it() -> None:
    surroundings = Surroundings(
        calendars=Calendars({"holidays": NamedCalendar(dates=(CHRISTMAS, CHRISTMAS))})
    )
    written: dict[str, Any] = {
        "run": "x",
        "schedule": {"every": "1h", "except": [{"calendar": "holidays"}, "2026-12-31"]},
    }
    places = Places(("job.yaml", 0, 0, 0, 0))
    specs = [
        parse(job, Part(data={**written}, places=places), Source(file="a", line=1), surroundings).spec
        for job in ("a", "b")
    ]

    first, second = (spec.triggers[0].excepts for spec in specs if spec is not None)
    assert first is second


def test_jobs_that_are_waited_for_are_known_with_their_places() -> None:
    found = read("[{after: export}, {after: {all: [a, b]}}]")

    assert [(each.job, each.place.line, each.place.column) for each in found.upstreams] == [
        ("export", 2, 20),
        ("a", 2, 44),
        ("b", 2, 47),
    ]


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("{cron: '* * * * *', spread: 2d}", "a spread is at most 1 day"),
        ("{every: 1s, spread: 1h}", "a spread is at most 1000 times the interval"),
    ],
)
def test_a_spread_that_keeps_thousands_of_starts_waiting_is_refused(schedule: str, message: str) -> None:
    problem = the_problem(schedule)

    assert problem.message == message
    assert problem.path.endswith("spread")
