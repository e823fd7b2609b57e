"""What is said about the broken job files of tests/data/broken, and about files that are none at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from rota.config import jobfile, jobset
from rota.config.defaults import NONE
from rota.config.folder import JobFile
from rota.config.jobfile import Outcome
from rota.config.parse import Surroundings
from rota.config.rules import RULES
from rota.config.validation import validate
from rota.core.problems import Problem

DATA = Path(__file__).parents[2] / "data" / "broken"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CASES: list[Any] = [
    pytest.param(case, id=f"{path.stem}-{case['name'].replace(' ', '-')}")
    for path in sorted(DATA.glob("*.yaml"))
    for case in yaml.load(path.read_text(), LOADER)
]
FILE = JobFile(path="/jobs/job.yaml", shown="job.yaml", relative="job.yaml", signature=(0, 0, 0, 0))
JARGON = re.compile(
    r"given schemas|is not of type|does not match|is not one of|Additional properties|is a required property"
    r"|should be non-empty|is too (long|short)|\bNone\b|\bdict\b|\bstr\b(?!\")|\bNoneType\b|Traceback|<class"
)
NOBODY = 65534


def outcome_of(content: bytes) -> Outcome:
    return jobfile.read(content, FILE, NONE, Surroundings())


@pytest.mark.parametrize("case", CASES)
def test_a_broken_file_gets_all_its_problems_in_words_at_their_places(case: dict[str, Any]) -> None:
    found = outcome_of(case["file"].encode()).problems

    told = [(each.line, each.column, each.message, each.hint or "") for each in found]
    assert [list(each[:2]) for each in told] == [expected[:2] for expected in case["problems"]], told
    for (_, _, message, hint), expected in zip(told, case["problems"], strict=True):
        assert expected[2] in message
        assert expected[3] in hint
        assert expected[3] or not hint


def test_the_corpus_is_large() -> None:
    assert len(CASES) >= 150


def test_no_message_speaks_the_language_of_schemas_or_of_python() -> None:
    found = [problem for case in CASES for problem in outcome_of(case.values[0]["file"].encode()).problems]

    jargon = [str(problem) for problem in found if JARGON.search(f"{problem.message} {problem.hint or ''}")]
    assert jargon == []


def test_every_problem_is_of_a_kind_that_is_explained() -> None:
    found = [problem for case in CASES for problem in outcome_of(case.values[0]["file"].encode()).problems]

    assert {problem.rule for problem in found} <= set(RULES)
    assert sum(problem.rule == "job-file" for problem in found) <= len(found) // 20


def test_every_problem_points_into_its_file() -> None:
    for case in CASES:
        text = case.values[0]["file"]
        lines = text.splitlines() or [""]
        for problem in outcome_of(text.encode()).problems:
            assert problem.line <= len(lines), problem
            assert problem.column <= len(lines[problem.line - 1]) + 1, problem


@pytest.mark.parametrize(
    ("content", "line", "column", "message", "hint"),
    [
        (b"", 1, 1, "the file is empty", "run"),
        (b"\n\n  \n", 1, 1, "the file is empty", "run"),
        (b"\xef\xbb\xbfrun: x\n", 1, 1, "byte order mark of UTF-8", "without BOM"),
        ("run: x\n".encode("utf-16"), 1, 1, "byte order mark of UTF-16", "UTF-8"),
        ("run: x\n".encode("utf-16-be"), 1, 1, "U+0000 can't stand", "remove it"),
        ("run: x\n".encode("utf-32"), 1, 1, "byte order mark of UTF-32", "UTF-8"),
        ("run: x\ntitle: Größe\n".encode("latin-1"), 2, 10, "byte 0xf6 is not UTF-8", "UTF-8"),
        (b"run: x\ntitle: \xed\xa0\x80\n", 2, 8, "byte 0xed is not UTF-8", "UTF-8"),
        (b"run: x\r\ntimeot: 5\r\n", 2, 1, 'unknown key "timeot"', "limits"),
        (b"run: x\rtimeot: 5\r", 2, 1, 'unknown key "timeot"', "limits"),
        (b"run: " + b"x" * 1024 * 1024, 1, 1, "more than 1 MiB", "split it"),
        (b"[" * 100 + b"]" * 100, 1, 65, "nested deeper than 64", ""),
        (b"a: " + b"{a: " * 80 + b"1" + b"}" * 80, 1, 256, "nested deeper than 64", ""),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00", 1, 1, "U+007F can't stand", "remove it"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", 1, 1, "byte 0x89 is not UTF-8", "UTF-8"),
        (b"\x1f\x8b\x08\x00\x00\x00", 1, 2, "byte 0x8b is not UTF-8", "UTF-8"),
        (b"run: x\n\x00\x00\x00", 2, 1, "U+0000 can't stand", "remove it"),
    ],
    ids=[
        *("empty", "blank", "bom", "utf-16", "utf-16-without-bom", "utf-32", "latin-1", "surrogate", "crlf"),
        *("cr", "huge", "deep-lists", "deep-maps", "elf", "png", "gzip", "zeros"),
    ],
)
def test_bytes_that_are_no_plain_text_are_told_apart(
    content: bytes, line: int, column: int, message: str, hint: str
) -> None:
    (problem,) = outcome_of(content).problems

    assert message in problem.message
    assert (problem.line, problem.column) == (line, column)
    assert hint in (problem.hint or "")


def test_aliases_that_grow_without_measure_are_refused() -> None:
    lines = ["run: x", "env: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]

    (problem,) = outcome_of("\n".join(lines).encode()).problems

    assert problem.message == "aliases make this file too large"
    assert problem.line == 7


@contextmanager
def unprivileged() -> Iterator[None]:
    """As nobody, when the tests run as root, whom no mode keeps out."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if before == 0:
            os.seteuid(before)


@pytest.fixture
def jobs() -> Iterator[Path]:
    # Not tmp_path: nobody but its owner may enter that.
    folder = Path(tempfile.mkdtemp()) / "jobs.d"
    folder.parent.chmod(0o755)
    folder.mkdir()
    yield folder
    for entry in folder.glob("*/"):
        entry.chmod(0o700)
    shutil.rmtree(folder.parent)


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _dangling(path: Path) -> None:
    path.symlink_to("gone.yaml")


def _locked(path: Path) -> None:
    path.write_text("run: x\n")
    path.chmod(0)


ODD: list[tuple[str, Callable[[Path], None], str, str]] = [
    ("fifo", _fifo, "not a regular file", "warning"),
    ("device", lambda path: path.symlink_to("/dev/zero"), "not a regular file", "warning"),
    ("endless", lambda path: path.symlink_to("/proc/self/mem"), "can't be read: ", "error"),
    ("dangling", _dangling, "can't be read: No such file or directory", "error"),
    ("loop", _loop, "can't be read: Too many levels of symbolic links", "error"),
    ("unreadable", _locked, "can't be read: Permission denied", "error"),
]


@pytest.mark.parametrize(("make", "message", "severity"), [each[1:] for each in ODD], ids=[o[0] for o in ODD])
def test_what_is_no_readable_file_is_one_problem_and_holds_nobody_up(
    jobs: Path, make: Callable[[Path], None], message: str, severity: str
) -> None:
    make(jobs / "odd.yaml")
    (jobs / "good.yaml").write_text("run: x\n")

    with unprivileged():
        found = jobset.read([jobs])

    (problem,) = found.problems
    assert message in problem.message
    assert (problem.severity, problem.line, problem.column) == (severity, 1, 1)
    assert problem.file == str(jobs / "odd.yaml")
    assert list(found.jobs) == ["good"]


def test_a_fifo_that_is_named_itself_is_not_waited_for(jobs: Path) -> None:
    os.mkfifo(jobs / "odd.yaml")

    (problem,) = validate([jobs / "odd.yaml"]).problems

    assert "not a regular file" in problem.message


def test_a_directory_named_like_a_job_file_is_a_folder_like_any_other(jobs: Path) -> None:
    (jobs / "odd.yaml").mkdir()
    (jobs / "odd.yaml" / "good.yaml").write_text("run: x\n")

    found = jobset.read([jobs])

    assert list(found.jobs) == ["good"]
    assert found.problems == ()


def test_a_folder_that_leads_back_into_itself_is_entered_once(jobs: Path) -> None:
    (jobs / "good.yaml").write_text("run: x\n")
    (jobs / "again").symlink_to(jobs)

    found = jobset.read([jobs])

    assert list(found.jobs) == ["good"]
    assert [problem.severity for problem in found.problems] == ["warning"]


def test_a_folder_that_can_not_be_entered_is_a_problem(jobs: Path) -> None:
    (jobs / "shut").mkdir(mode=0)

    with unprivileged():
        found = jobset.read([jobs])

    assert [_told(problem) for problem in found.problems] == [
        "the directory can't be read: Permission denied"
    ]


def test_an_id_used_twice_is_a_problem_in_both_files(jobs: Path) -> None:
    (jobs / "a").mkdir()
    (jobs / "same.yaml").write_text("run: x\n")
    (jobs / "a" / "same.yaml").write_text("run: y\n")

    problems = jobset.read([jobs]).problems

    assert [problem.file for problem in problems] == [str(jobs / "a/same.yaml"), str(jobs / "same.yaml")]
    assert all("used twice" in problem.message for problem in problems)


@pytest.mark.parametrize("name", ["My_Job.yaml", "-x.yaml", "täglich.yaml", "a.b.yaml", "A B.yml"])
def test_a_file_whose_name_is_no_id_says_which_name_would_do(jobs: Path, name: str) -> None:
    (jobs / name).write_text("run: x\n")

    (problem,) = jobset.read([jobs]).problems

    assert "the file's name is the job's id" in problem.message
    assert "did you mean" in (problem.hint or "")


def _told(problem: Problem) -> str:
    return problem.message
