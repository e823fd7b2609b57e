from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from fakes.daemon import ScriptedDaemon
from rota.cli.main import rota
from rota.cli.outside import Outside
from rota.config.validation import validate

Import = Callable[..., Result]
CRONTAB = "0 2 * * * backup\n*/5 * * * * sync\n"


@pytest.fixture
def run_import() -> Import:
    def invoke(*words: str, given: str | bytes | None = None, zone: str = "UTC") -> Result:
        world = Outside(
            connect=lambda path: ScriptedDaemon(),
            now=lambda: datetime(2026, 9, 24, tzinfo=UTC),
            wait=lambda seconds: None,
            zone=ZoneInfo(zone),
        )
        return CliRunner().invoke(rota, ["import", *words], obj=world, input=given)

    return invoke


def test_without_a_folder_it_prints_one_job_file(run_import: Import, tmp_path: Path) -> None:
    result = run_import("crontab", "-", given=CRONTAB)

    (tmp_path / "all.yaml").write_text(result.stdout)
    assert result.exit_code == 0
    assert set(validate([tmp_path]).jobs) == {"backup", "sync"}
    assert result.stderr == "2 jobs\n"


def test_with_a_folder_every_job_gets_a_file(run_import: Import, tmp_path: Path) -> None:
    result = run_import("crontab", "-", "--to", str(tmp_path / "jobs.d"), given=CRONTAB)

    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "jobs.d").iterdir()) == ["backup.yaml", "sync.yaml"]
    assert f"{tmp_path}/jobs.d/backup.yaml  from crontab line 1" in result.stdout


def test_a_file_that_is_there_is_named_and_nothing_is_written(run_import: Import, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "sync.yml").write_text("run: mine\n")

    result = run_import("crontab", "-", "--to", str(tmp_path), given=CRONTAB)

    assert result.exit_code == 1
    assert f"nothing written: {tmp_path}/sub/sync.yml" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sub"]
    assert (tmp_path / "sub" / "sync.yml").read_text() == "run: mine\n"


def test_what_is_not_converted_is_listed_and_makes_exit_1(run_import: Import, tmp_path: Path) -> None:
    (tmp_path / "tab").write_text("0 2 * * * backup\nnonsense\n")

    result = run_import("crontab", str(tmp_path / "tab"))

    assert result.exit_code == 1
    assert f"{tmp_path}/tab:2: not converted: expected five time fields and a command" in result.stderr
    assert "backup:" in result.stdout


def test_a_job_that_the_real_check_refuses_is_listed_too(run_import: Import) -> None:
    given = 'jobs:\n  - {name: a, command: b, schedule: "@daily", timezone: Mars/Olympus}\n'

    result = run_import("yacron", "-", given=given)

    assert result.exit_code == 1
    assert 'yacron:2: not converted: "Mars/Olympus"' in result.stderr
    assert result.stdout == ""


def test_as_data_it_is_jobs_and_unconverted_lines(run_import: Import) -> None:
    result = run_import("crontab", "-", "--json", given="0 2 * * * backup\nnonsense\n")

    data = json.loads(result.stdout)
    assert [job["id"] for job in data["jobs"]] == ["backup"]
    assert data["jobs"][0]["line"] == 1
    assert data["unconverted"] == [
        {
            "source": "crontab",
            "line": 2,
            "text": "nonsense",
            "reason": "expected five time fields and a command",
        }
    ]


def test_times_are_in_the_zone_of_this_host_unless_another_is_named(run_import: Import) -> None:
    here = run_import("crontab", "-", given=CRONTAB, zone="Asia/Tokyo")
    there = run_import("crontab", "-", "--timezone", "Europe/Berlin", given=CRONTAB, zone="Asia/Tokyo")

    assert here.stdout.count("timezone: Asia/Tokyo") == 2
    assert there.stdout.count("timezone: Europe/Berlin") == 2
    assert "timezone" not in run_import("crontab", "-", given=CRONTAB).stdout


def test_several_files_share_no_ids(run_import: Import, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("0 2 * * * backup\n")

    result = run_import("crontab", str(tmp_path / "one"), str(tmp_path / "two"), "--json")

    assert [(job["id"], job["source"]) for job in json.loads(result.stdout)["jobs"]] == [
        ("backup", f"{tmp_path}/one"),
        ("backup-2", f"{tmp_path}/two"),
    ]


def test_files_of_cron_d_name_a_user(run_import: Import, tmp_path: Path) -> None:
    (tmp_path / "cron.d").mkdir()
    (tmp_path / "cron.d" / "app").write_text("0 2 * * * deploy tidy --all\n")

    result = run_import("crontab", str(tmp_path / "cron.d" / "app"))

    assert "run: tidy --all" in result.stdout
    assert "as the user deploy" in result.stdout


def test_a_timer_and_its_service_are_read_together(run_import: Import, tmp_path: Path) -> None:
    (tmp_path / "x.timer").write_text("[Timer]\nOnCalendar=daily\n")
    (tmp_path / "x.service").write_text("[Service]\nExecStart=/bin/true\n")

    result = run_import("timers", str(tmp_path / "x.timer"), str(tmp_path / "x.service"))

    assert result.exit_code == 0
    assert "exec: [/bin/true]" in result.stdout


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (("crontab", "/nowhere/tab"), None, "/nowhere/tab: No such file"),
        (("crontab", "-"), b"\xff\xfe", "not UTF-8 at byte 0"),
        (("crontab", "-"), b"#" * (4 * 1024 * 1024 + 1), "larger than 4 MiB"),
        (("crontab", "-", "--timezone", "Mars"), b"", "there is no time zone 'Mars'"),
        (("cronic", "-"), b"", "'cronic' is not one of"),
    ],
)
def test_what_can_not_be_read_is_exit_2(
    run_import: Import, words: tuple[str, ...], given: bytes | None, said: str
) -> None:
    result = run_import(*words, given=given)

    assert result.exit_code == 2
    assert said in result.stderr
