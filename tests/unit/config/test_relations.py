"""What jobs say of each other: `after` and `renamed_from`, over whole directories."""

from __future__ import annotations

from pathlib import Path

import pytest

from rota.config.jobset import JobReader, read
from rota.config.parse import Surroundings
from rota.core.model import JobSet
from rota.core.problems import Problem


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.yaml").write_text(text)
    return folder


def after(*jobs: str) -> str:
    return f"run: x\nschedule: {{after: {{all: [{', '.join(jobs)}]}}}}\n"


def errors(found: JobSet) -> list[Problem]:
    return [problem for problem in found.problems if problem.severity == "error"]


def test_jobs_may_come_after_each_other(tmp_path: Path) -> None:
    found = read([write(tmp_path, a="run: x\n", b=after("a"), c=after("a", "b"))])

    assert found.problems == ()
    assert set(found.jobs) == {"a", "b", "c"}


def test_a_job_that_is_not_there_is_named_with_what_was_meant(tmp_path: Path) -> None:
    found = read([write(tmp_path, export="run: x\n", report=after("exprot"))])

    (problem,) = errors(found)
    assert (problem.file, problem.line, problem.column) == (f"{tmp_path}/report.yaml", 2, 26)
    assert problem.path == "/schedule/after/all/0"
    assert problem.message == 'there is no job "exprot"'
    assert problem.hint == 'did you mean "export"?'
    assert set(found.jobs) == {"export"}


def test_a_job_whose_upstream_is_removed_keeps_its_last_good_version(tmp_path: Path) -> None:
    before = read([write(tmp_path, a="run: x\n", b=after("a"))])
    (tmp_path / "a.yaml").unlink()

    found = read([tmp_path], previous=before)

    assert [problem.message for problem in errors(found)] == ['there is no job "a"']
    assert found.jobs == {"b": before.jobs["b"]}
    assert found.stale == {"b"}


def test_jobs_that_are_broken_elsewhere_or_in_another_directory_are_there(tmp_path: Path) -> None:
    first = write(tmp_path / "one", broken="runn: x\n", elsewhere="run: x\nhosts: web*\n")
    second = write(tmp_path / "two", c=after("broken", "elsewhere"))
    reader = JobReader([first, second], Surroundings(host="db1"))

    assert set(reader.read().jobs) == {"c"}


def test_a_matrix_is_waited_for_job_by_job(tmp_path: Path) -> None:
    matrix = "run: x\nmatrix: {db: [app, crm]}\n"
    found = read([write(tmp_path, dump=matrix, a=after("dump-app"), b=after("dump"))])

    (problem,) = errors(found)
    assert problem.hint == "it has a matrix: name its jobs, such as dump-app, dump-crm"
    assert set(found.jobs) == {"dump-app", "dump-crm", "a"}


def test_a_job_that_was_renamed_is_told_by_its_new_id(tmp_path: Path) -> None:
    found = read([write(tmp_path, export="run: x\nrenamed_from: dump\n", report=after("dump"))])

    (problem,) = errors(found)
    assert problem.hint == 'it is called "export" now'


def test_jobs_that_wait_for_each_other_are_named_all_the_way_round(tmp_path: Path) -> None:
    folder = write(tmp_path, a=after("b"), b=after("c"), c=after("x", "a"), x="run: x\n", y=after("a"))
    found = read([folder])

    assert {Path(problem.file).stem: problem.message for problem in errors(found)} == {
        "a": "jobs that wait for each other: a after b after c after a",
        "b": "jobs that wait for each other: b after c after a after b",
        "c": "jobs that wait for each other: c after a after b after c",
    }
    (of_c,) = [problem for problem in errors(found) if problem.file.endswith("c.yaml")]
    assert (of_c.line, of_c.column) == (2, 29)
    assert set(found.jobs) == {"x", "y"}


def test_a_job_that_comes_after_itself_is_told_so(tmp_path: Path) -> None:
    (problem,) = read([write(tmp_path, a=after("a"))]).problems

    assert problem.message == "the job comes after itself"


def test_circles_that_share_jobs_and_circles_apart_are_all_found(tmp_path: Path) -> None:
    found = read([write(tmp_path, a=after("b", "c"), b=after("a"), c=after("a"), d=after("e"), e=after("d"))])

    assert {Path(problem.file).stem for problem in errors(found)} == {"a", "b", "c", "d", "e"}
    assert found.jobs == {}


def test_a_circle_that_comes_of_a_last_good_version_is_found(tmp_path: Path) -> None:
    before = read([write(tmp_path, a=after("c"), b="run: x\n", c="run: x\n")])
    write(tmp_path, a=after("b"), b=after("a"), c=after("a"))

    found = read([tmp_path], previous=before)

    assert found.stale == {"a", "b", "c"}
    assert found.jobs == before.jobs


def test_a_long_circle_is_told_in_short(tmp_path: Path) -> None:
    ring = {f"j{n}": after(f"j{(n + 1) % 30}") for n in range(30)}
    problems = errors(read([write(tmp_path, **ring)]))

    assert len(problems) == 30
    assert all(len(problem.message) < 200 for problem in problems)
    assert problems[0].message.endswith("after … after j0")


def test_a_knot_of_many_jobs_is_told_of_each_of_them_once(tmp_path: Path) -> None:
    names = [f"j{n}" for n in range(40)]
    found = read([write(tmp_path, **{name: after(*names) for name in names})])

    assert len(errors(found)) == 40
    assert found.jobs == {}


def test_a_circle_is_found_whatever_it_came_from_and_ends_when_it_is_opened(tmp_path: Path) -> None:
    reader = JobReader([write(tmp_path, a=after("b"), b="run: x\n")])
    before = reader.read()
    write(tmp_path, b=after("a"))
    closed = reader.read(before)
    write(tmp_path, b="run: y\n")
    opened = reader.read(closed)

    assert closed.stale == {"a", "b"}
    assert opened.stale == frozenset()
    assert opened.problems == ()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"new": "run: x\nrenamed_from: old\n", "old": "run: x\n"}, 'there is still a job "old"'),
        ({"new": "run: x\nrenamed_from: old\n", "old": "runn: x\n"}, 'there is still a job "old"'),
        ({"new": "run: x\nrenamed_from: new\n"}, "renamed_from is the job's own id"),
    ],
)
def test_a_job_that_was_renamed_leaves_its_old_id(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    found = read([write(tmp_path, **files)])
    problem = next(each for each in found.problems if each.file.endswith("new.yaml"))

    assert (problem.line, problem.column) == (2, 15)
    assert message in problem.message
    assert "new" not in found.jobs


def test_two_jobs_can_not_have_been_the_same_one(tmp_path: Path) -> None:
    renamed = "run: x\nrenamed_from: old\n"
    found = read([write(tmp_path, a=renamed, b=renamed)])

    assert [problem.message for problem in errors(found)] == [
        '"old" can have become one job only: b names it too',
        '"old" can have become one job only: a names it too',
    ]


def test_a_calendar_file_that_changes_reaches_the_jobs_that_name_it(tmp_path: Path) -> None:
    def says(day: str) -> None:
        event = f"BEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:{day}\nEND:VEVENT"
        (tmp_path / "days.ics").write_text(f"BEGIN:VCALENDAR\n{event}\nEND:VCALENDAR\n")

    folder = write(tmp_path, a="run: x\nschedule: {every: 1h, except: {ics: days.ics}}\n", b="run: x\n")
    says("20261224")
    reader = JobReader([folder])
    reader.read()
    first = reader.read()
    says("20261231")
    second = reader.read(first)
    (tmp_path / "days.ics").unlink()
    third = reader.read(second)

    assert first.problems == ()
    assert str(first.jobs["a"].triggers[0].excepts[0].spans) != str(
        second.jobs["a"].triggers[0].excepts[0].spans
    )
    assert second.jobs["b"] is first.jobs["b"]
    assert third.jobs["a"] == second.jobs["a"]
    assert third.stale == {"a"}
    assert [problem.message for problem in third.problems] == [
        f"the calendar {tmp_path}/days.ics can't be used: it is not there"
    ]
