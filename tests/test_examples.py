"""The jobs that come with rota: each validates, and they are what the documentation says they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from rota.config.validation import validate
from rota.core.model import JobSet

FOLDER = Path(__file__).resolve().parent.parent / "jobs.d"
FILES = sorted(FOLDER.glob("[!_]*.yaml"))


@pytest.fixture(scope="module")
def examples() -> JobSet:
    return validate([FOLDER])


def test_the_examples_have_no_problems_and_no_warnings(examples: JobSet) -> None:
    assert [str(problem) for problem in examples.problems] == []


def test_each_file_is_one_job(examples: JobSet) -> None:
    assert sorted(examples.jobs) == [file.stem for file in FILES]
    assert len(FILES) == 10


def test_one_job_is_started_by_hand_and_has_eight_stages(examples: JobSet) -> None:
    provision = examples.jobs["provision-project"]

    assert provision.triggers == ()
    assert len(provision.steps) == 8


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_file_is_a_model_to_copy(file: Path, examples: JobSet) -> None:
    first, *rest = file.read_text(encoding="utf-8").splitlines()

    assert first.startswith("# yaml-language-server: $schema=")
    assert (file.parent / first.partition("=")[2]).is_file()
    assert rest[0].startswith("# ")
    assert examples.jobs[file.stem].title
    assert examples.jobs[file.stem].description
