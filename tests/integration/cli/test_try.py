"""`rota try` and `rota env` as commands of their own: nothing of a daemon is there, and nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon_process import CODE
from eventually import eventually

DUMP = """
params: {database: {type: string, enum: [app, billing], default: app}}
retry: {attempts: 2, delay: 0}
condition: {run: 'echo asking; test "$PARAM_DATABASE" = app'}
steps:
  - {id: dump, run: 'echo "dumps $PARAM_DATABASE as $OWNER"; echo "::output size=7"'}
  - {id: verify, run: 'echo "size $STEPS_DUMP_OUTPUTS_SIZE"; exit 4', needs: [dump]}
"""


class Trying:
    """A folder with job files, and a temporary folder in which nothing may be left."""

    def __init__(self, folder: Path) -> None:
        self.jobs = folder / "jobs.d"
        self.temporary = folder / "tmp"
        self.jobs.mkdir()
        self.temporary.mkdir()
        self.mark = f"env: {{TRIED_IN: '{self.temporary}'}}\n"  # for jobs: they inherit nothing
        self.environment = {**os.environ, "PYTHONPATH": CODE, "TMPDIR": str(self.temporary)}

    def file(self, text: str, name: str = "dump.yaml") -> str:
        (self.jobs / name).write_text(text)
        return str(self.jobs / name)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rota", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "rota", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def left(self) -> list[str]:
        """Files, and processes that were started from here."""
        marks = {f"{name}={self.temporary}".encode() for name in ("TMPDIR", "TRIED_IN")}
        alive = [
            entry.name
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and entry.name != str(os.getpid()) and _carries(entry, marks)
        ]
        return [*alive, *(entry.name for entry in self.temporary.iterdir())]


def _carries(entry: Path, marks: set[bytes]) -> bool:
    try:
        return not marks.isdisjoint((entry / "environ").read_bytes().split(b"\0"))
    except OSError:
        return False


@pytest.fixture
def trying(tmp_path: Path) -> Iterator[Trying]:
    trying = Trying(tmp_path)
    yield trying
    assert eventually(lambda: not trying.left())


def test_a_job_file_runs_with_its_defaults_and_exits_as_its_work_does(trying: Trying) -> None:
    trying.file("env: {OWNER: dba}\n", "_defaults.yaml")

    ended = trying.run("try", trying.file(DUMP))

    assert ended.stdout == "asking\ndumps app as dba\nsize 7\n"
    assert ended.stderr.splitlines() == [
        "one attempt; with --retry there are up to 2",
        "--- condition ---",
        "--- step dump, attempt 1 ---",
        "--- step verify, attempt 1 ---",
        "dump: failed, step verify: exit code 4",
    ]
    assert ended.returncode == 4


def test_a_condition_that_is_not_met_and_one_step_alone(trying: Trying) -> None:
    file = trying.file(DUMP)

    skipped = trying.run("try", file, "-p", "database=billing")
    alone = trying.run("try", file, "--step", "verify", "--json")

    assert (skipped.returncode, skipped.stdout) == (1, "asking\n")
    assert "was not met (exit 1)" in skipped.stderr
    assert alone.returncode == 4  # what it needs is not asked for
    assert [step["id"] for step in json.loads(alone.stdout)["steps"]] == ["verify"]


def test_with_retry_it_tries_again(trying: Trying) -> None:
    ended = trying.run("try", trying.file(DUMP), "--retry")

    assert ended.stderr.count("--- step verify, attempt") == 2


def test_a_broken_file_and_wrong_parameters_run_nothing(trying: Trying) -> None:
    broken = trying.run("try", trying.file("rnu: echo ran\n", "broken.yaml"))
    wrong = trying.run("try", trying.file(DUMP), "-p", "database=nothing")

    assert (broken.returncode, wrong.returncode) == (2, 2)
    assert 'did you mean "run"?' in broken.stderr
    assert broken.stdout == wrong.stdout == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_all_that_it_started(trying: Trying, number: signal.Signals) -> None:
    process = trying.begin(
        "try", trying.file("run: 'sleep 300 & setsid sleep 300 & echo begun; sleep 300'\n")
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"

    process.send_signal(number)

    assert process.wait(timeout=60) == 128 + number
    process.communicate()


def test_what_a_job_leaves_in_the_background_is_ended_too(trying: Trying) -> None:
    work = "run: 'setsid sleep 300 > /dev/null 2>&1 & echo done'\n"
    ended = trying.run("try", trying.file(work + trying.mark))

    assert (ended.returncode, ended.stdout) == (0, "done\n")


def test_a_temporary_folder_whose_name_is_too_long_for_sockets_is_no_hindrance(trying: Trying) -> None:
    far = trying.temporary / ("far" * 20)
    far.mkdir()
    trying.environment["TMPDIR"] = str(far)

    ended = trying.run("try", trying.file("run: echo done\n"))
    far.rmdir()  # empty

    assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr


def test_the_environment_of_a_file_names_where_each_variable_comes_from(trying: Trying) -> None:
    trying.file("env: {OWNER: dba}\n", "_defaults.yaml")
    trying.file(DUMP)

    shown = trying.run("env", "dump", "--jobs", str(trying.jobs), "-p", "database=billing")
    as_json = trying.run("env", "dump", "--jobs", str(trying.jobs / "dump.yaml"), "--json")

    assert f"OWNER=dba  # env of {trying.jobs}/_defaults.yaml" in shown.stdout.splitlines()
    assert "PARAM_DATABASE=billing  # rota" in shown.stdout.splitlines()
    assert "TMPDIR" not in shown.stdout
    assert json.loads(as_json.stdout)["step"] == "dump"
