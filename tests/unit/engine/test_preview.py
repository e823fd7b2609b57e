from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fakes.clock import START
from fakes.hands import FACTS
from fakes.jobs import a_job
from rota.core.errors import JobError, NotFound
from rota.core.model import (
    CONDITION,
    MAIN,
    Batch,
    Command,
    Condition,
    ItemSource,
    JobSpec,
    Limits,
    RunAs,
    Source,
    StepSpec,
)
from rota.core.seams import Account
from rota.engine.preview import Here, Preview, preview
from rota.process.environment import Place

HERE = Here(place=Place(host="db1", url="http://127.0.0.1:8321"), facts=FACTS, now=START)


def a_preview(spec: JobSpec, step: str = "", **params: object) -> Preview:
    return preview(spec, params, step, HERE)


def sources(found: Preview) -> dict[str, tuple[str, str]]:
    return {each.name: (each.value, each.source) for each in found.variables}


def test_every_variable_says_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "db.env").write_text("PGHOST=db1\nPGUSER=app\n")
    source = Source(file="backup.yaml", line=1, directory=str(tmp_path))
    spec = a_job(env={"PGUSER": "root"}, env_file=("db.env",), matrix={"db": "app"})

    found = sources(a_preview(replace(spec, source=source), database="app"))

    assert found["HOME"] == ("/home/rota-jobs", "user")
    assert found["LANG"] == ("C.UTF-8", "rota")
    assert found["PGHOST"] == ("db1", f"env_file {tmp_path}/db.env")
    assert found["PGUSER"] == ("root", "env")
    assert found["PARAM_DATABASE"] == ("app", "rota")
    assert found["MATRIX_DB"] == ("app", "rota")
    assert list(found) == sorted(found)


def test_what_each_run_has_otherwise_is_marked() -> None:
    varying = {each.name for each in a_preview(a_job()).variables if each.varies}

    assert varying == {"ROTA_RUN", "ROTA_TRIGGER", "ROTA_SCHEDULED_FOR", "ROTA_SCHEDULED_EPOCH"}


def test_command_user_folder_and_limits_are_those_of_a_real_order() -> None:
    spec = a_job(steps=("dump", "verify"), cwd="/srv", limits=Limits(timeout=timedelta(minutes=5)))

    found = a_preview(spec, "verify")

    assert (found.step, found.user, found.cwd) == ("verify", "rota-jobs", "/srv")
    assert found.argv == ("/bin/true", "verify")
    assert (found.timeout, found.grace) == (timedelta(minutes=5), timedelta(seconds=10))


def test_the_condition_of_a_job_can_be_looked_at_too() -> None:
    spec = a_job(condition=Condition(work=Command(argv=("test", "-e", "/mnt")), text="test -e /mnt"))

    assert a_preview(spec, CONDITION).argv == ("test", "-e", "/mnt")


@pytest.mark.parametrize("step", ["nothing", "main", CONDITION])
def test_a_step_that_is_not_there_is_refused_with_those_that_are(step: str) -> None:
    with pytest.raises(NotFound, match="it has: dump, verify"):
        a_preview(a_job(steps=("dump", "verify")), step)


def test_a_job_that_can_not_be_prepared_says_why() -> None:
    with pytest.raises(JobError, match="is not there"):
        a_preview(a_job(env_file=("/nonexistent/x.env",)))


def test_the_user_of_the_job_is_whose_environment_it_has() -> None:
    backup = Account(user="backup", home="/srv/backup", shell="/bin/bash")
    facts = replace(FACTS, version="1.2", is_root=True, users={"backup": backup})
    spec = a_job(run_as=RunAs(user="backup", nice=10))

    found = preview(spec, {}, "", replace(HERE, facts=facts))

    assert (found.user, found.run_as, found.cwd) == ("backup", "backup, nice 10", "/srv/backup")
    assert sources(found)["HOME"] == ("/srv/backup", "user")
    assert sources(found)["SHELL"] == ("/bin/bash", "user")


def test_a_user_whom_the_runner_can_not_become_is_said_before() -> None:
    with pytest.raises(JobError, match="It would not start: the runner runs as rota-jobs and can't become"):
        preview(
            a_job(run_as=RunAs(user="backup")), {}, "", replace(HERE, facts=replace(FACTS, version="1.2"))
        )


def test_of_a_batch_the_first_child_is_shown() -> None:
    work = StepSpec(id=MAIN, work=Command(argv=("load", "{{ item }}")))
    spec = replace(a_job(batch=Batch(items=({"name": "app"}, "b"))), steps=(work,))

    shown = a_preview(spec)

    assert shown.argv == ("load", '{"name":"app"}')
    named = {variable.name: variable for variable in shown.variables}
    assert (named["ITEM_NAME"].value, named["ITEM_NAME"].varies) == ("app", True)


def test_what_only_a_run_finds_is_named() -> None:
    spec = a_job(batch=Batch(source=ItemSource(kind="glob", path="*.csv")))

    named = {variable.name: variable.value for variable in a_preview(spec).variables}

    assert named["ITEM"] == "(item)"
