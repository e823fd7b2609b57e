"""rota.yaml: what it can say, and what is said about a broken one."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from rota.config.calendars import NamedCalendar
from rota.config.daemon_config import DaemonConfig, Retention, parse, read
from rota.core.triggers import DateSpan

FOLDER = Path("/etc/rota")


def problem(text: str) -> str:
    found = parse(text.encode(), "rota.yaml", FOLDER)
    assert isinstance(found, tuple)
    (only,) = found
    return str(only)


def test_a_file_that_says_nothing_changes_nothing() -> None:
    assert parse(b"", "rota.yaml", FOLDER) == DaemonConfig()
    assert parse(b"# nothing yet\n", "rota.yaml", FOLDER) == DaemonConfig()


def test_everything_it_can_say() -> None:
    text = (
        "listen: '[::1]:8000'\njobs: [jobs.d, /srv/jobs]\ntimezone: Europe/Berlin\nhost: db1\n"
        "reload: signal\n"
        "retention: {rows: 1d, runs: 5, logs: 2d, failed_logs: 3d}\nweb: {hosts: [rota.example.org]}\n"
        "startup_delay: 60s\nlog: json\npools: {database: 4}\nmax_running: 8\n"
        "calendars: {holidays: {dates: [2026-12-25, 2026-12-31/2027-01-01]}, school: {ics: school.ics}}\n"
    )

    assert parse(text.encode(), "rota.yaml", FOLDER) == DaemonConfig(
        listen="[::1]:8000",
        jobs=(Path("/etc/rota/jobs.d"), Path("/srv/jobs")),
        timezone="Europe/Berlin",
        host="db1",
        reload="signal",
        retention=Retention(
            rows=timedelta(days=1), runs=5, logs=timedelta(days=2), failed_logs=timedelta(days=3)
        ),
        web_hosts=("rota.example.org",),
        startup_delay=timedelta(seconds=60),
        log_format="json",
        pools={"database": 4},
        max_running=8,
        calendars={
            "holidays": NamedCalendar(
                dates=(
                    DateSpan(first=date(2026, 12, 25), last=date(2026, 12, 25)),
                    DateSpan(first=date(2026, 12, 31), last=date(2027, 1, 1)),
                )
            ),
            "school": NamedCalendar(ics=Path("/etc/rota/school.ics")),
        },
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "calendars: {a: {dates: [2026-02-29]}}",
            'rota.yaml:1:25: error: there is no day "2026-02-29" (February 2026 has 28 days)',
        ),
        ("pools: {database: 0}", "rota.yaml:1:19: error: expected a whole number from 1, got the number 0"),
        ("lisen: x", 'rota.yaml:1:1: error: unknown key "lisen" (did you mean "listen"?)'),
        (
            "listen: 8321",
            "rota.yaml:1:9: error: expected an address such as 127.0.0.1:8321, got the number 8321",
        ),
        ("listen: localhost:99999", "rota.yaml:1:9: error: there is no port 99999: expected 0 to 65535"),
        (
            "timezone: Europe/Berln",
            'rota.yaml:1:11: error: "Europe/Berln" is not a time zone (did you mean "Europe/Berlin"?)',
        ),
        (
            "reload: signl",
            'rota.yaml:1:9: error: expected one of watch, signal, got "signl" (did you mean "signal"?)',
        ),
        ("- x", "rota.yaml:1:1: error: expected the configuration of the daemon, got a list of 1 item"),
        (
            "listen: [",
            "rota.yaml:1:10: error: not YAML: expected a value here (is a `]` or `}` missing,",
        ),
    ],
)
def test_problems_are_told_like_those_of_job_files(text: str, told: str) -> None:
    assert problem(text).startswith(told)


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    found = read(tmp_path / "rota.yaml")

    assert isinstance(found, tuple)
    assert found[0].message == "can't be read: No such file or directory"


def test_relative_job_directories_begin_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "rota.yaml").write_text("jobs: jobs.d\n")

    found = read(tmp_path / "rota.yaml")

    assert isinstance(found, DaemonConfig)
    assert found.jobs == (tmp_path / "jobs.d",)
