"""`rota simulate` from files and from the daemon."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fakes.daemon import ScriptedDaemon
from rota.cli.main import rota
from rota.cli.outside import Outside
from rota.core.instant import to_ms

NOW = datetime(2026, 11, 21, 6, 0, 7, tzinfo=UTC)
Rota = Callable[..., Result]

SLOW = "schedule: {every: 10m}\nrun: ./slow\nexpect: {duration: {max: 25m}}\nconcurrency: {pool: db}\n"
NIGHTLY = 'title: "<b>night</b>"\nschedule: {cron: "0 2 * * *"}\nrun: ./night\n'


@pytest.fixture
def daemon() -> ScriptedDaemon:
    return ScriptedDaemon()


@pytest.fixture
def run_rota(daemon: ScriptedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rota:
    monkeypatch.chdir(tmp_path)
    jobs = tmp_path / "jobs.d"
    jobs.mkdir()
    (jobs / "slow.yaml").write_text(SLOW)
    (jobs / "nightly.yaml").write_text(NIGHTLY)

    def invoke(*words: str) -> Result:
        world = Outside(connect=lambda path: daemon, now=lambda: NOW, zone=UTC)
        return CliRunner().invoke(rota, words, obj=world, env={"COLUMNS": "80"})

    return invoke


def test_a_week_from_now_is_told_in_80_columns(run_rota: Rota) -> None:
    result = run_rota("simulate")

    assert result.exit_code == 0, result.output
    assert "2026-11-21 06:00 UTC to 2026-11-28 06:00 UTC" in result.output
    assert "slow skipped: overlap" in result.output
    assert "Pool db" in result.output
    assert "7 runs" in result.output
    assert max(map(len, result.output.splitlines())) <= 80


def test_the_json_has_every_job(run_rota: Rota) -> None:
    result = run_rota("simulate", "--from", "2026-11-21T06:00Z", "--to", "2026-11-21T12:00Z", "--json")

    found = json.loads(result.output)
    assert [each["job"] for each in found["jobs"]] == ["nightly", "slow"]
    assert found["neverRun"] == ["nightly"]
    slow = found["jobs"][1]
    assert (slow["runs"], slow["lengthMs"], slow["lengthKnown"]) == (12, 1_500_000, "expect")
    assert slow["skipped"][0]["reason"] == "overlap"
    assert slow["bars"][0]["until"] - slow["bars"][0]["at"] == 1_500_000


def test_the_page_stands_alone(run_rota: Rota, tmp_path: Path) -> None:
    result = run_rota("simulate", "--html", "page.html")

    page = (tmp_path / "page.html").read_text()
    assert result.exit_code == 0
    assert "the page is in page.html" in result.output
    assert "<script" not in page
    assert "src=" not in page
    assert "<link" not in page
    assert '<rect class="part"' in page
    assert "prefers-color-scheme: dark" in page


def test_the_jobs_in_force_are_simulated_with_their_pauses(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    day = 86_400_000
    definition = {"run": "true", "schedule": {"cron": "0 7 * * *"}}
    source = {"file": "a.yaml", "line": 1, "directory": "/jobs.d", "commit": None}
    pause = {"since": to_ms(NOW) - day, "until": to_ms(NOW) + day}
    job = {"id": "a", "definition": definition, "hash": "h", "source": source, "medianMs": 5000}
    daemon.says(
        "/api/v1/definitions",
        {
            "host": "alpha",
            "timezone": "UTC",
            "pools": {},
            "maxRunning": 16,
            "jobs": [{**job, "paused": pause}],
            "total": 1,
            "nextCursor": None,
        },
    )

    (found,) = json.loads(run_rota("simulate", "daemon", "--json").output)["jobs"]

    assert (found["runs"], found["lengthMs"], found["lengthKnown"]) == (6, 5000, "history")
    assert [(each["reason"], each["count"]) for each in found["skipped"]] == [("paused", 1)]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--from", "2026-11-22T00:00Z", "--to", "2026-11-21T00:00Z"), "--to must be later than --from"),
        (("--to", "2036-11-21T00:00Z"), "a year at most"),
        (("nowhere",), "nowhere: no such directory"),
        (("daemon", "--host", "x"), "are for directories"),
    ],
)
def test_what_can_not_be_simulated_is_said(run_rota: Rota, words: tuple[str, ...], why: str) -> None:
    result = run_rota("simulate", *words)

    assert result.exit_code == 2
    assert why in result.output


def test_broken_files_are_named_and_nothing_is_simulated(run_rota: Rota, tmp_path: Path) -> None:
    (tmp_path / "jobs.d" / "broken.yaml").write_text("run: [\n")

    result = run_rota("simulate")

    assert result.exit_code == 2
    assert "broken.yaml" in result.output
