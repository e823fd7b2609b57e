"""What only a whole daemon shows of the grammar: calendars that change under it, and jobs of a matrix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon_process import DaemonProcess
from eventually import eventually

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    folder = tmp_path_factory.mktemp("grammar")
    closed(folder / "closed.ics", NOW - timedelta(days=10), NOW + timedelta(days=400))
    config = folder / "rota.yaml"
    config.write_text("timezone: Europe/Berlin\ncalendars: {closed: {ics: closed.ics}}\n")
    with DaemonProcess(folder, arguments=("--config", str(config))) as process:
        yield process


def closed(file: Path, first: datetime, last: datetime) -> None:
    days = f"DTSTART;VALUE=DATE:{first:%Y%m%d}\nDTEND;VALUE=DATE:{last:%Y%m%d}"
    file.write_text(f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n{days}\nEND:VEVENT\nEND:VCALENDAR\n")


def wait_for_next(daemon: DaemonProcess, job: str) -> timedelta:
    """How long it is until the job runs."""
    at = daemon.get(f"/api/v1/jobs/{job}")["nextAt"]
    return datetime.fromtimestamp(at / 1000, UTC) - NOW


def test_a_calendar_of_rota_yaml_that_changes_is_noticed_and_a_broken_one_changes_nothing(
    daemon: DaemonProcess,
) -> None:
    file = daemon.folder / "closed.ics"
    daemon.load("hourly", "run: 'true'\nschedule: {every: 1h, except: {calendar: closed}}\n")
    assert wait_for_next(daemon, "hourly") > timedelta(days=300)

    closed(file, NOW - timedelta(days=20), NOW - timedelta(days=10))
    eventually(lambda: wait_for_next(daemon, "hourly") < timedelta(hours=2))

    file.write_text("closed")
    eventually(lambda: daemon.get("/api/v1/jobs/hourly")["stale"])
    told = daemon.get("/api/v1/jobs/hourly")["problems"]
    (problem,) = [each for each in told if each["severity"] == "error"]  # warnings come a moment later
    assert problem["message"].startswith(f'the calendar "closed", {file}, can\'t be used: ')
    assert wait_for_next(daemon, "hourly") < timedelta(hours=2)

    closed(file, NOW - timedelta(days=20), NOW - timedelta(days=10))
    eventually(lambda: not daemon.get("/api/v1/jobs/hourly")["stale"])
    daemon.unload("hourly")


def test_the_jobs_of_a_matrix_have_values_of_their_own_and_outlive_a_broken_file_and_a_restart(
    tmp_path: Path,
) -> None:
    daemon = DaemonProcess(tmp_path)
    work = "title: Dump\nenv: {WHO: '{{ matrix.db }}'}\nrun: echo $WHO $MATRIX_DB\n"
    daemon.job("dump", f"{work}matrix: {{db: [App, crm]}}\n")
    with daemon:
        assert daemon.lines(daemon.ended(daemon.run("dump-app"))["id"]) == ["App App"]
        assert daemon.lines(daemon.ended(daemon.run("dump-crm"))["id"]) == ["crm crm"]
    daemon.job("dump", f"{work}matrix: {{db: [App, {{}}]}}\n")
    with daemon:
        titles = {job["id"]: (job["title"], job["stale"]) for job in daemon.get("/api/v1/jobs")["jobs"]}
        assert titles == {"dump-app": ("Dump (App)", True), "dump-crm": ("Dump (crm)", True)}
        assert daemon.lines(daemon.ended(daemon.run("dump-crm"))["id"]) == ["crm crm"]


def test_jobs_in_a_circle_stay_as_they_were_and_the_page_names_the_circle(daemon: DaemonProcess) -> None:
    daemon.load("first", "run: 'true'\n")
    daemon.load("second", "run: 'true'\nschedule: {after: first}\n")
    daemon.job("first", "run: 'true'\nschedule: {after: second}\n")
    daemon.post("/api/v1/reload", {})

    for job, other in (("first", "second"), ("second", "first")):
        found = daemon.get(f"/api/v1/jobs/{job}")
        assert found["stale"]
        assert re.search(f"{job} after {other} after {job}", found["problems"][0]["message"])
    daemon.unload("second")
    daemon.unload("first")
