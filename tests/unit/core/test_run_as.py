"""As whom a job runs: what stands in its way, and how that is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.jobs import a_job
from rota.core import run_as
from rota.core.model import JobSpec, RunAs
from rota.core.seams import Account, RunnerFacts

JOBS = RunnerFacts(user="rota-jobs", home="/", shell="/bin/sh", boot_id="b", pid=1, version="1.2")
ROOT = replace(
    JOBS, is_root=True, users={"backup": Account(user="backup", home="/srv/backup", shell="/bin/bash")}
)


def job_as(**wish: object) -> JobSpec:
    return a_job(run_as=RunAs(**wish))  # type: ignore[arg-type]


def open_job() -> JobSpec:
    spec = a_job()
    return replace(spec, source=replace(spec.source, writable="/etc/rota/jobs.d/backup.yaml"))


@pytest.mark.parametrize(
    ("spec", "facts", "why"),
    [
        (a_job(), JOBS, ""),
        (a_job(), replace(JOBS, version=""), ""),
        (job_as(user="rota-jobs"), JOBS, ""),
        (job_as(nice=5), JOBS, ""),
        (
            job_as(user="backup"),
            JOBS,
            "the runner runs as rota-jobs and can't become backup: a runner of root's could",
        ),
        (job_as(user="backup"), ROOT, ""),
        (
            job_as(user="www-data"),
            ROOT,
            "the runner's rules do not name www-data: add it to `users` in /etc/rota/runner.yaml",
        ),
        (job_as(user="www-data"), replace(ROOT, any_user=True), ""),
        (
            job_as(nice=5),
            replace(JOBS, version="1.1"),
            "the runner is too old for `as` (protocol 1.1): systemctl reload rota-runner",
        ),
        (open_job(), JOBS, ""),
        (
            open_job(),
            ROOT,
            "group or others can write /etc/rota/jobs.d/backup.yaml, and the runner is root:"
            " chmod go-w /etc/rota/jobs.d/backup.yaml",
        ),
    ],
)
def test_what_would_not_start_says_why(spec: JobSpec, facts: RunnerFacts, why: str) -> None:
    assert run_as.obstacle(spec, facts) == why


def test_whom_the_runner_may_become_is_for_the_runner_to_say() -> None:
    assert run_as.forbidden(job_as(user="www-data"), ROOT) == ""
    assert run_as.forbidden(open_job(), ROOT) != ""


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        (RunAs(), "rota-jobs"),
        (RunAs(user="backup"), "backup"),
        (
            RunAs(user="backup", group="db", umask=0o027, nice=10, io="idle"),
            "backup, group db, umask 027, nice 10, I/O idle",
        ),
        (RunAs(umask=0), "rota-jobs, umask 000"),
    ],
)
def test_it_is_told_in_words(wish: RunAs, text: str) -> None:
    assert run_as.in_words(wish, JOBS) == text


def test_without_a_runner_only_what_is_written_is_known() -> None:
    assert run_as.in_words(RunAs(), None) == ""
    assert run_as.in_words(RunAs(nice=3), None) == "nice 3"
