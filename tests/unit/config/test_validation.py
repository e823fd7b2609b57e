"""Checking files and directories without a daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from rota.config.validation import validate


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    folder = tmp_path / "jobs.d"
    (folder / "db").mkdir(parents=True)
    (folder / "_defaults.yaml").write_text("owner: ops\n")
    (folder / "db" / "_defaults.yaml").write_text("run: ./dump\n")
    (folder / "db" / "dump.yaml").write_text("hosts: db1\n")
    (folder / "bad.yaml").write_text("rum: x\n")
    return folder


def test_a_directory_is_checked_as_one_set_of_every_host(jobs: Path) -> None:
    found = validate([jobs])

    assert list(found.jobs) == ["dump"]
    assert found.files == 2
    assert [problem.file for problem in found.problems] == [str(jobs / "bad.yaml")]


def test_a_file_is_checked_with_the_defaults_above_it(jobs: Path) -> None:
    found = validate([jobs / "db" / "dump.yaml"])

    assert found.problems == ()
    assert found.jobs["dump"].owner == "ops"


def test_a_file_of_defaults_is_checked_by_itself(jobs: Path) -> None:
    (jobs / "db" / "_defaults.yaml").write_text("onwer: x\n")

    (problem,) = validate([jobs / "db" / "_defaults.yaml"]).problems

    assert (problem.line, problem.hint) == (1, 'did you mean "owner"?')


def test_files_and_directories_add_up_and_problems_come_once(jobs: Path) -> None:
    found = validate([jobs, jobs / "bad.yaml"])

    assert found.files == 3
    assert len(found.problems) == 1


def test_names_are_shown_as_they_were_given(jobs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(jobs.parent)

    assert validate([Path("jobs.d")]).problems[0].file == "jobs.d/bad.yaml"
    assert validate([Path("jobs.d/bad.yaml")]).problems[0].file == "jobs.d/bad.yaml"


def test_a_path_that_is_not_there_could_not_be_checked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        validate([tmp_path / "gone.yaml"])
