from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rota.core.errors import JobError
from rota.core.model import MAIN, Command, Definition, JobSpec, Source, StepSpec
from rota.core.run import Attempt, Run, RunState, TriggeredBy
from rota.core.seams import RunnerFacts
from rota.process.environment import MAX_ALL, Place, environment, read_env_file, working_directory

FACTS = RunnerFacts(user="ann", home="/home/ann", shell="/bin/zsh", boot_id="b", pid=1)
PLACE = Place(host="db1", url="http://u", command="/opt/rota/bin/rota", state="/var/lib/rota")
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_step(*, env: Mapping[str, str] | None = None, cwd: str | None = None) -> StepSpec:
    return StepSpec(id=MAIN, work=Command(argv=("true",)), env=env or {}, cwd=cwd)


def a_spec(folder: Path | str = "/jobs", **settings: object) -> JobSpec:
    spec = JobSpec(
        id="backup",
        steps=(a_step(),),
        source=Source(file="backup.yaml", line=1, directory=str(folder)),
        definition=Definition(text="", hash=""),
    )
    return replace(spec, **settings)  # type: ignore[arg-type]


def a_run(**settings: object) -> Run:
    run = Run(
        job="backup",
        number=1,
        state=RunState.RUNNING,
        triggered_by=TriggeredBy.MANUAL,
        created_at=NOON,
        attempts=(Attempt(id="a1", created_at=NOON),),
    )
    return replace(run, **settings)  # type: ignore[arg-type]


def env_of(spec: JobSpec, step: StepSpec | None = None, run: Run | None = None) -> dict[str, str]:
    return environment(spec, step or a_step(), run or a_run(), PLACE, FACTS)


def test_nothing_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/x")
    monkeypatch.setenv("TZ", "Mars/Olympus")

    told = env_of(a_spec())

    assert {name for name in told if not name.startswith("ROTA_")} == {
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "PATH",
        "LANG",
    }
    assert (told["HOME"], told["USER"], told["SHELL"]) == ("/home/ann", "ann", "/bin/zsh")


def test_a_job_finds_rota_itself() -> None:
    told = env_of(a_spec())

    assert (told["ROTA_BIN"], told["ROTA_STATE"]) == ("/opt/rota/bin/rota", "/var/lib/rota")


def test_later_sources_win(tmp_path: Path) -> None:
    (tmp_path / "one.env").write_text("A=file\nB=file\nC=file\nPATH=/bin\nROTA_JOB=other\n")
    spec = a_spec(tmp_path, env_file=("one.env",), env={"B": "job", "C": "job"})

    told = env_of(spec, a_step(env={"C": "step {{ host.name }}"}))

    assert (told["A"], told["B"], told["C"], told["PATH"]) == ("file", "job", "step db1", "/bin")
    assert told["ROTA_JOB"] == "backup"


def test_templates_of_env_see_parameters() -> None:
    told = env_of(a_spec(env={"PGDATABASE": "{{ params.db }}"}), run=a_run(params={"db": "app"}))

    assert told["PGDATABASE"] == "app"
    assert told["PARAM_DB"] == "app"


def test_an_unknown_name_in_env_is_an_error_that_names_the_variable() -> None:
    with pytest.raises(JobError, match="env: PGHOST"):
        env_of(a_spec(env={"PGHOST": "{{ params.nope }}"}))


def test_an_env_file_that_is_missing_is_an_error_unless_it_may_be(tmp_path: Path) -> None:
    assert "A" not in env_of(a_spec(tmp_path, env_file=("?gone.env",)))

    with pytest.raises(JobError, match=r'gone\.env is not there.*write "\?gone\.env"'):
        env_of(a_spec(tmp_path, env_file=("gone.env",)))


def test_lines_of_an_env_file(tmp_path: Path) -> None:
    file = tmp_path / "x.env"
    file.write_text("# note\n\nA=1\n B = two words \nC=\"quoted # kept\"\nD='a=b'\nE=\nF=$HOME\n")

    assert read_env_file(file) == {
        "A": "1",
        "B": "two words",
        "C": "quoted # kept",
        "D": "a=b",
        "E": "",
        "F": "$HOME",
    }


@pytest.mark.parametrize(
    ("line", "error"),
    [("no equals", "expected KEY=value"), ("1A=x", "'1A' is not a name"), ("A B=x", "'A B' is not a name")],
)
def test_a_wrong_line_is_named_with_its_file_and_number(tmp_path: Path, line: str, error: str) -> None:
    file = tmp_path / "x.env"
    file.write_text(f"GOOD=1\n{line}\n")

    with pytest.raises(JobError, match=rf"x\.env:2: {error}"):
        read_env_file(file)


def test_an_env_file_that_is_no_text_or_no_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"A=\xff\n")

    with pytest.raises(JobError, match="not UTF-8"):
        read_env_file(tmp_path / "binary")
    with pytest.raises(JobError, match="can't be read"):
        read_env_file(tmp_path)


def test_an_env_file_that_one_would_wait_for_or_never_read_to_its_end_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "huge").write_text("#" * (MAX_ALL + 1))

    for name, error in (("fifo", "no regular file"), ("/dev/zero", "no regular file"), ("huge", "256 KiB")):
        with pytest.raises(JobError, match=error):
            env_of(a_spec(tmp_path, env_file=(name,)))


def test_values_that_are_too_large_are_refused() -> None:
    with pytest.raises(JobError, match="PARAM_BIG is larger than 64 KiB"):
        env_of(a_spec(), run=a_run(params={"big": "x" * 70_000}))
    many = {f"p{i}": "x" * 60_000 for i in range(5)}
    with pytest.raises(JobError, match="256 KiB together"):
        env_of(a_spec(), run=a_run(params=many))


def test_a_value_with_nul_is_refused() -> None:
    with pytest.raises(JobError, match="PARAM_X holds a NUL"):
        env_of(a_spec(), run=a_run(params={"x": "a\0"}))


@pytest.mark.parametrize(
    ("job", "step", "expected"),
    [
        (None, None, "/home/ann"),
        ("work", None, "/jobs/work"),
        ("/srv", None, "/srv"),
        ("/srv", "sub", "/jobs/sub"),
        ("work", "/tmp", "/tmp"),
    ],
)
def test_where_a_step_works(job: str | None, step: str | None, expected: str) -> None:
    assert working_directory(a_spec(cwd=job), a_step(cwd=step), FACTS) == expected
