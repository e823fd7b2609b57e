"""What is said about broken job files: tests/data/jobfiles/problems.yaml, one file each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rota.config import jobfile
from rota.config.defaults import NONE
from rota.config.folder import JobFile
from rota.config.parse import Surroundings
from rota.config.wording import describe

DATA = Path(__file__).parents[2] / "data" / "jobfiles" / "problems.yaml"
CASES: list[dict[str, Any]] = yaml.safe_load(DATA.read_text())
FILE = JobFile(path="/jobs/job.yaml", shown="job.yaml", relative="job.yaml", signature=(0, 0, 0, 0))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"].replace(" ", "-"))
def test_a_broken_file_gets_all_its_problems_in_words_at_their_places(case: dict[str, Any]) -> None:
    outcome = jobfile.read(case["file"].encode(), FILE, NONE, Surroundings())

    told = [(found.line, found.column, found.message, found.hint or "") for found in outcome.problems]
    assert len(told) == len(case["problems"]), told
    for (line, column, message, hint), expected in zip(told, case["problems"], strict=True):
        assert [line, column] == expected[:2], message
        assert expected[2] in message
        assert expected[3] in hint


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        (True, "true"),
        (1.5, "the number 1.5"),
        ("", "an empty text"),
        ("a\nb", "a text of 2 lines"),
        ("a" * 100, "a text of 100 characters"),
        ("a\x1b[0m", "'a\\x1b[0m'"),
        ([], "an empty list"),
        ([1, 2], "a list of 2 items"),
        ({"a": 1}, "a map of 1 key"),
    ],
)
def test_a_wrong_value_is_described_in_a_few_words(value: object, words: str) -> None:
    assert describe(value) == words


def test_a_problem_says_its_path_inside_the_file() -> None:
    content = b"jobs: {a: {run: x, retry: {attempts: 0}}}"

    (problem,) = jobfile.read(content, FILE, NONE, Surroundings()).problems

    assert problem.path == "/jobs/a/retry/attempts"
    assert str(problem) == "job.yaml:1:38: error: expected a whole number from 1, got the number 0"


def test_of_thousands_of_problems_the_first_hundred_are_told() -> None:
    content = b"run: x\n" + b"".join(b"x%d: 1\n" % number for number in range(20_000))

    problems = jobfile.read(content, FILE, NONE, Surroundings()).problems

    assert len(problems) == 101
    assert problems[-1].message == "there are more problems: mend these first"
