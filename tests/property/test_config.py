"""Laws of reading that hold for every input."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.config import daemon_config, icalendar_file, jobfile, yaml12
from rota.config.checker import Shape, checker, errors_in
from rota.config.defaults import NONE
from rota.config.folder import JobFile
from rota.config.parse import Surroundings
from rota.config.quantity import duration, size
from rota.config.quick import prover
from rota.config.recurrence import CalendarError
from rota.config.schemas import load

FILE = JobFile(path="/jobs/job.yaml", shown="job.yaml", relative="job.yaml", signature=(0, 0, 0, 0))
WORDS = st.sampled_from(
    [
        *(
            "run",
            "exec",
            "http",
            "check",
            "steps",
            "schedule",
            "cron",
            "every",
            "at",
            "timezone",
            "retry",
            "limits",
        ),
        *(
            "env",
            "params",
            "jobs",
            "missed",
            "concurrency",
            "exit_codes",
            "hosts",
            "tags",
            "links",
            "id",
            "url",
        ),
        *(
            "attempts",
            "timeout",
            "free",
            "disk",
            "type",
            "default",
            "x y",
            "5m",
            "10%",
            "0 2 * * *",
            "echo hi",
        ),
    ]
)
SCALARS = WORDS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
DEFS = load("job")["$defs"]
PROOF = prover(DEFS["job"], DEFS)
WORK = ("run", "exec", "http", "python", "check", "steps", "batch")
PROPERTIES: dict[str, dict[str, Any]] = DEFS["settings"]["properties"]
EXAMPLES: dict[str, st.SearchStrategy[Any]] = {
    key: st.sampled_from(schema["examples"]) for key, schema in PROPERTIES.items() if key not in WORK
}
BLOCKS = [definition["properties"] for definition in DEFS.values() if "properties" in definition]
MIXED = st.one_of(
    *(
        st.fixed_dictionaries(
            {}, optional={key: st.sampled_from(each["examples"]) | DATA for key, each in block.items()}
        )
        for block in BLOCKS
    )
)
GOOD_JOBS = st.builds(
    lambda work, rest: {work: PROPERTIES[work]["examples"][0], **rest},
    st.sampled_from(WORK),
    st.fixed_dictionaries({}, optional=EXAMPLES),
)
# One odd value in a good job, so that the verdict hangs on that value.
JOBS = st.builds(
    lambda good, key, odd: {**good, key: odd},
    GOOD_JOBS,
    st.sampled_from(sorted(PROPERTIES)),
    MIXED | st.lists(MIXED, max_size=2) | DATA,
)
# JSON writes what lies beyond as two escapes, which YAML does not have.
TEXT = st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF))
KEYS = TEXT.filter(lambda key: len(json.dumps(key)) <= 1024)  # a longer one is no key in YAML
JSON_DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_a_document_or_problems_inside_the_file(content: bytes) -> None:
    document = yaml12.read(content, "job.yaml")

    lines = (
        content.count(b"\n") + content.count(b"\r") + content.count(b"\x85") + content.count(b"\xe2\x80") + 2
    )
    assert document.readable or document.problems
    assert all(1 <= problem.line <= lines and problem.column >= 1 for problem in document.problems)


@given(DATA)
@settings(max_examples=200)
def test_any_data_is_a_job_or_problems_and_never_an_exception(data: object) -> None:
    content = yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "surrogatepass")

    outcome = jobfile.read(content, FILE, NONE, Surroundings(timezone="Europe/Berlin", host="db1"))

    broken = [claim for claim in outcome.claims if claim.spec is None]
    assert outcome.problems or not broken
    assert daemon_config.parse(content, "rota.yaml", Path("/etc/rota")) != ()


CALENDAR_LINES = st.sampled_from(
    [
        *(
            "BEGIN:VCALENDAR",
            "END:VCALENDAR",
            "BEGIN:VEVENT",
            "END:VEVENT",
            "BEGIN:VTIMEZONE",
            "UID:1",
            "UID:2",
        ),
        *(
            "DTSTART:20261224T100000Z",
            "DTSTART;VALUE=DATE:20261224",
            "DTSTART;TZID=Europe/Berlin:20260329T023000",
        ),
        *(
            "DTEND:20261224T110000Z",
            "DTEND;VALUE=DATE:20261226",
            "DURATION:PT2H",
            "DURATION:-P1D",
            "STATUS:CANCELLED",
        ),
        *(
            "RRULE:FREQ=DAILY;COUNT=3",
            "RRULE:FREQ=MONTHLY;BYDAY=-1SU;UNTIL=20271231",
            "RRULE:FREQ=YEARLY;BYSETPOS=9",
        ),
        *(
            "RRULE:FREQ=WEEKLY;UNTIL=20271231T000000Z",
            "RRULE:FREQ=YEARLY;BYWEEKNO=53",
            "RRULE:FREQ=",
            "RRULE:COUNT=2",
        ),
        *(
            "EXDATE;VALUE=DATE:20261225",
            "EXDATE:20261225T100000Z",
            "RDATE;VALUE=PERIOD:20260101T000000Z/PT1H",
        ),
        *(
            "RECURRENCE-ID:20261225T100000Z",
            "RECURRENCE-ID;VALUE=DATE:20261225",
            "TZID:Europe/Berlin",
            "é:",
            " ",
        ),
    ]
)


@given(st.lists(CALENDAR_LINES, max_size=14), st.binary(max_size=20))
@settings(max_examples=150)
def test_any_lines_are_a_calendar_or_are_refused(lines: list[str], odd: bytes) -> None:
    event = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"]
    for content in ("\r\n".join(event).encode() + odd, "\n".join(lines).encode(), odd):
        with suppress(CalendarError):
            spans = icalendar_file.parse(content, 2026).spans(ZoneInfo("America/New_York"))
            assert len(spans) <= icalendar_file.MAX_SPANS


@given(JOBS)
@settings(max_examples=150)
def test_a_good_job_with_one_odd_value_is_a_job_or_a_problem(data: object) -> None:
    content = json.dumps(data).encode()

    outcome = jobfile.read(content, FILE, NONE, Surroundings(timezone="Europe/Berlin", host="db1", pools={}))

    good = [claim.spec for claim in outcome.claims if claim.spec is not None]
    assert good or any(problem.severity == "error" for problem in outcome.problems)


@given(JOBS)
@settings(max_examples=150)
def test_what_is_proven_right_quickly_is_what_the_validator_accepts(data: object) -> None:
    is_valid = checker(Shape.JOB).is_valid(data)

    # Of whole floats and the like the quick way knows nothing: it may doubt, but never err.
    assert is_valid or errors_in(data)
    assert not is_valid or not errors_in(data)
    if PROOF(data):
        assert is_valid


@given(GOOD_JOBS)
def test_jobs_made_of_good_values_are_proven_right_quickly(data: object) -> None:
    assert PROOF(data)


@given(JSON_DATA)
def test_what_json_writes_is_read_back_as_it_was(data: object) -> None:
    document = yaml12.read(json.dumps(data).encode(), "job.json")

    assert document.problems == ()
    assert document.data == data


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_a_duration_is_the_sum_of_its_parts(days: int, hours: int, minutes: int, seconds: int) -> None:
    length = duration(f"{days}d{hours}h{minutes}m{seconds}s")

    assert length.total_seconds() == ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@given(st.integers(1, 10**6))
def test_a_size_grows_by_1024_from_unit_to_unit(number: int) -> None:
    assert size(f"{number}M") == size(f"{number}K") * 1024 == size(number) * 1024**2
