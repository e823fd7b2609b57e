"""`python:` work, each call in a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rota

HANDLER = Path(rota.__file__).parent / "handlers" / "python"
REPORT = """
from __future__ import annotations
import datetime as dt
import sys
from datetime import date
from pathlib import Path


def size(path: Path, day: date, factor: int = 2) -> dict[str, object]:
    return {"name": path.name, "weekday": day.isoweekday(), "doubled": factor * 21}


def several(**named):
    return named


def nothing():
    pass


def odd_name():
    return {"Not a name": 1}


def broken():
    raise ValueError("row 7 has no date")


def leaves():
    sys.exit(75)


async def later():
    return "done"


def tells():
    from rota import job

    job.progress(1, 2, "half")
    job.step("verify", "Verify it")
    job.warning("two\\nlines")
"""


def call(folder: Path, name: str, **given: Any) -> subprocess.CompletedProcess[str]:
    """Run `report:<name>` by a bare interpreter, which knows nothing of rota."""
    (folder / "report.py").write_text(REPORT)
    work = json.dumps({"callable": f"report:{name}" if ":" not in name else name, **given})
    return subprocess.run(
        [sys.executable, "-S", "-u", str(HANDLER)],
        cwd=folder,
        env={"ROTA_WORK": work, "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_returned_map_becomes_outputs(tmp_path: Path) -> None:
    done = call(tmp_path, "size", args={"path": "/srv/dump.gz", "day": "2026-11-21", "factor": 2})
    assert done.stdout.splitlines() == ["::output name=dump.gz", "::output weekday=6", "::output doubled=42"]
    assert done.returncode == 0


def test_without_args_the_callable_gets_the_parameters_it_has_names_for(tmp_path: Path) -> None:
    params = {"path": "/a/b", "day": "2026-01-01", "unrelated": True}
    assert "::output name=b" in call(tmp_path, "size", params=params).stdout


def test_a_callable_that_takes_everything_gets_every_parameter(tmp_path: Path) -> None:
    assert call(tmp_path, "several", params={"dry_run": True}).stdout == "::output dry_run=true\n"


def test_any_other_return_value_is_the_output_called_result(tmp_path: Path) -> None:
    assert call(tmp_path, "later").stdout == "::output result=done\n"


def test_nothing_returned_is_no_output(tmp_path: Path) -> None:
    done = call(tmp_path, "nothing")
    assert (done.returncode, done.stdout) == (0, "")


def test_an_output_that_can_have_no_such_name_is_a_warning(tmp_path: Path) -> None:
    assert call(tmp_path, "odd_name").stdout.startswith("::warning no output can be called 'Not a name'")


def test_an_exception_is_the_cause_and_its_traceback_begins_in_the_job(tmp_path: Path) -> None:
    done = call(tmp_path, "broken")
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[-1] == "::error ValueError: row 7 has no date"
    assert "report.py" in lines[1]
    assert str(HANDLER) not in done.stdout


def test_an_exit_keeps_its_status(tmp_path: Path) -> None:
    assert call(tmp_path, "leaves").returncode == 75


def test_what_it_tells_while_it_runs_is_one_line_each(tmp_path: Path) -> None:
    assert call(tmp_path, "tells").stdout.splitlines() == [
        "::progress 1/2 half",
        "::step verify Verify it",
        "::warning two lines",
    ]


@pytest.mark.parametrize(
    ("name", "given", "cause"),
    [
        ("missing:run", {}, "there is no module 'missing'"),
        ("report:gone", {}, "'report:gone' names nothing that can be called"),
        ("size", {"args": {"path": "/a"}}, "size(path"),
        (
            "size",
            {"args": {"path": "/a", "day": "tomorrow"}},
            "the argument 'day' is 'tomorrow', which is no date",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(
    tmp_path: Path, name: str, given: dict[str, Any], cause: str
) -> None:
    done = call(tmp_path, name, **given)
    assert done.returncode == 1
    assert done.stdout.startswith(f"::error {cause}")
    assert done.stderr == ""


def test_an_import_that_fails_inside_the_module_shows_where(tmp_path: Path) -> None:
    (tmp_path / "outer.py").write_text("import nowhere\n")
    done = call(tmp_path, "outer:run")
    assert "outer.py" in done.stdout
    assert "::error ModuleNotFoundError: No module named 'nowhere'" in done.stdout


def test_no_module_of_rota_stands_in_the_way_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "web.py").write_text("import http.client\ndef run():\n    return http.client.OK.value\n")
    assert call(tmp_path, "web:run").stdout == "::output result=200\n"


def test_another_interpreter_needs_no_rota(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(
        "from rota import job\ndef run():\n    job.output(seen=job.__name__)\n"
    )
    done = subprocess.run(
        ["python3", "-I", "-S", str(HANDLER)],
        cwd=tmp_path,
        env={"ROTA_WORK": '{"callable": "other:run"}', "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "::output seen=rota.job\n"
