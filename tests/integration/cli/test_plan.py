"""The real commands against a real daemon: what is in force, and what a work tree would change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon_process import DaemonProcess

NIGHTLY = 'schedule: {cron: "0 2 * * *", timezone: Europe/Berlin, spread: 5m}\nrun: "true"\n'
MATRIX = 'matrix: {db: [app, crm]}\nschedule: {cron: "H 3 * * *"}\nrun: "true"\n'
CHAIN = 'schedule: {after: nightly}\nrun: "true"\n'


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    process = DaemonProcess(tmp_path_factory.mktemp("plan"))
    for name, text in {"nightly": NIGHTLY, "dump": MATRIX, "chain": CHAIN}.items():
        process.job(name, text)
    with process:
        yield process


def test_what_is_in_force_is_what_its_files_say(daemon: DaemonProcess) -> None:
    done = daemon.rota("plan", str(daemon.jobs), "--against", "daemon", check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing changes." in done.stdout


def test_a_changed_copy_is_told_from_what_is_in_force(daemon: DaemonProcess, tmp_path: Path) -> None:
    for path in daemon.jobs.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text().replace("0 2", "0 4"))

    done = daemon.rota("plan", str(tmp_path), "--json", check=False)

    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert [each["job"] for each in found["changed"]] == ["nightly"]
    assert [len(each["move"]) for each in found["instants"]] == [1]


def test_the_jobs_in_force_can_be_simulated(daemon: DaemonProcess) -> None:
    done = daemon.rota("simulate", "daemon", "--json", check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    runs = {job["job"]: job["runs"] for job in json.loads(done.stdout)["jobs"]}
    assert runs["nightly"] == runs["chain"] == 7
    assert runs["dump-app"] == runs["dump-crm"] == 7
