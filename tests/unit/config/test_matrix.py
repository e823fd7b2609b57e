"""One file that stands for many jobs."""

from __future__ import annotations

import pytest

from rota.config import defaults, jobfile
from rota.config.folder import JobFile
from rota.config.jobfile import Outcome
from rota.config.parse import Surroundings, restore
from rota.core.model import JobSpec, Source

FILE = JobFile(path="/jobs/dump.yaml", shown="dump.yaml", relative="dump.yaml", signature=(0, 0, 0, 0))
HERE = Surroundings(host="db1")


def outcome(text: str, defaults_text: str = "") -> Outcome:
    used = defaults.read(defaults_text.encode(), "_defaults.yaml", defaults.NONE)
    return jobfile.read(text.encode(), FILE, used, HERE)


def jobs(text: str, defaults_text: str = "") -> dict[str, JobSpec]:
    found = outcome(text, defaults_text)
    assert found.problems == ()
    return {claim.job: claim.spec for claim in found.claims if claim.spec is not None}


def test_each_combination_of_values_is_a_job_of_its_own() -> None:
    made = jobs("run: x\ntitle: Dump\nmatrix: {db: [app, billing], region: [eu, us]}\n")

    assert list(made) == ["dump-app-eu", "dump-app-us", "dump-billing-eu", "dump-billing-us"]
    assert made["dump-app-us"].matrix == {"db": "app", "region": "us"}
    assert made["dump-app-us"].title == "Dump (app, us)"
    assert made["dump-app-us"].id == "dump-app-us"


def test_a_job_of_a_map_and_a_matrix_in_the_defaults_are_expanded_too() -> None:
    assert list(jobs("jobs: {a: {run: x, matrix: {n: [1, 2]}}, b: {run: x}}\n")) == ["a-1", "a-2", "b"]
    assert list(jobs("run: x\n", "matrix: {db: [app, crm]}\n")) == ["dump-app", "dump-crm"]


def test_values_may_be_numbers_booleans_or_a_single_one() -> None:
    made = jobs("run: x\nmatrix: {port: [5432, 5433], full: true}\n")

    assert list(made) == ["dump-5432-true", "dump-5433-true"]
    assert made["dump-5433-true"].matrix == {"port": "5433", "full": "true"}


def test_ids_hold_what_ids_can_hold() -> None:
    assert list(jobs("run: x\nmatrix: {db: [App_Main, '/srv/x y/']}\n")) == ["dump-app-main", "dump-srv-x-y"]


def test_hashes_differ_within_a_matrix() -> None:
    made = jobs("run: x\nschedule: {cron: 'H 2 * * *', spread: 5m}\nmatrix: {db: [app, crm]}\n")

    assert [spec.triggers[0].seed for spec in made.values()] == ["db1/dump-app", "db1/dump-crm"]


def test_a_renamed_matrix_takes_over_job_by_job() -> None:
    made = jobs("run: x\nrenamed_from: backup\nmatrix: {db: [app, crm]}\n")

    assert [spec.renamed_from for spec in made.values()] == ["backup-app", "backup-crm"]


def test_a_job_of_a_matrix_comes_back_alone_from_its_definition() -> None:
    made = jobs("exec: [pg_dump, '{{ matrix.db }}']\ntitle: Dump\nmatrix: {db: [app, 7]}\n")
    seven = made["dump-7"]

    back = restore("dump-7", seven.definition.text, Source(file="dump.yaml", line=1, directory="/jobs"), HERE)

    assert back == seven
    assert made["dump-app"].definition.hash != seven.definition.hash


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("run: x\nmatrix: {db: [a-b, a_b]}\n", 2, 20, 'the values a-b and a_b both make the id "dump-a-b"'),
        ("run: x\nmatrix: {a: [x, x-y], b: [y-z, z]}\n", 2, 32, 'both make the id "dump-x-y-z"'),
        (f"run: x\nmatrix: {{db: [{'a' * 60}]}}\n", 2, 15, "has 65 characters: at most 63 are allowed"),
        (
            "run: x\nmatrix: {a: [1, 2, 3, 4, 5, 6, 7], b: [1, 2, 3, 4, 5, 6, 7], c: [1, 2, 3, 4, 5, 6]}\n",
            2,
            9,
            "the matrix makes 294 jobs: at most 256 are allowed",
        ),
        ("run: x\nmatrix: {db: []}\n", 2, 14, "a list of values"),
        ("run: x\nmatrix: {db: [1.5]}\n", 2, 15, "got the number 1.5"),
        ("run: x\nmatrix: {db: ['--']}\n", 2, 15, 'got "--"'),
        ("run: x\nmatrix: {Db: [a]}\n", 2, 10, 'got "Db"'),
        ("run: x\nmatrix: [a]\n", 2, 9, "a map from name to values"),
    ],
)
def test_what_can_not_be_expanded_is_said_at_the_value(
    text: str, line: int, column: int, message: str
) -> None:
    (problem,) = outcome(text).problems

    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message


def test_a_mistake_outside_the_matrix_is_one_problem_and_claims_all_jobs() -> None:
    found = outcome("run: x\nlimits: {timout: 1m}\nmatrix: {db: [app, crm]}\n")

    assert len(found.problems) == 1
    assert [(claim.job, claim.spec) for claim in found.claims] == [("dump-app", None), ("dump-crm", None)]


def test_what_is_wrong_beside_a_broken_matrix_is_told_too() -> None:
    found = outcome("run: x\nlimits: {timout: 1m}\nmatrix: {db: [{}]}\n")

    assert [problem.line for problem in found.problems] == [2, 3]


def test_nobody_can_say_which_jobs_a_broken_matrix_has() -> None:
    assert not outcome("run: x\nmatrix: {db: [{}]}\n").readable
    assert not outcome("run: x\nmatrix: {db: [app]}\n", "limits: {timout: 1m}\n").readable
