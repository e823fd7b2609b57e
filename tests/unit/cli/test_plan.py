"""`rota plan` against directories, git revisions and the daemon."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fakes.daemon import ScriptedDaemon
from rota.cli.failure import NoDaemon
from rota.cli.main import rota
from rota.cli.outside import Outside

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
GOLDEN = Path(__file__).parents[2] / "data" / "plan" / "comment.md"
Rota = Callable[..., Result]

OLD = {
    "poll.yaml": 'schedule: {every: 5m}\nrun: |\n  set -e\n  curl -f https://old/\n  echo "ok"\n',
    "report.yaml": 'schedule: {cron: "0 2 * * *", timezone: Europe/Berlin}\nrun: ./report\n',
    "gone.yaml": 'schedule: {cron: "15 4 * * *"}\nrun: ./gone\n',
    "db-backup.yaml": 'schedule: {cron: "30 1 * * *"}\nrun: ./dump\nconcurrency: {pool: database}\n',
    "evil.yaml": 'schedule: {cron: "0 6 * * *"}\nenv: {A: x}\nrun: |\n  a\n  b\n',
    "db/_defaults.yaml": "owner: a@example.org\n",
    "db/vacuum.yaml": 'schedule: {cron: "0 5 * * *"}\nrun: ./vacuum\n',
    "db/analyze.yaml": 'schedule: {cron: "0 5 * * *"}\nrun: ./analyze\n',
}
NEW = {
    **{name: text for name, text in OLD.items() if name not in ("gone.yaml", "db-backup.yaml")},
    "poll.yaml": OLD["poll.yaml"].replace("5m", "1m").replace("old", "new"),
    "report.yaml": OLD["report.yaml"].replace("0 2", "0 3"),
    "nightly-backup.yaml": OLD["db-backup.yaml"] + "renamed_from: db-backup\n",
    "db/_defaults.yaml": "owner: a@example.org\nlimits: {timeout: 20m}\n",
    "sly.yaml": (
        'title: "x | <script>alert(1)</script> @everyone [a](http://b)"\n'
        'schedule: {at: "2025-01-01T00:00:00Z"}\nrun: "true"\n'
    ),
    "evil.yaml": (
        'schedule: {cron: "0 6 * * *"}\nenv: {A: "a`b|c</code><img src=x>"}\nrun: |\n  a\n  ```\n  b\n'
    ),
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def daemon() -> ScriptedDaemon:
    daemon = ScriptedDaemon()
    daemon.says("/api/v1/definitions", NoDaemon("no daemon answers"))
    return daemon


@pytest.fixture
def run_rota(daemon: ScriptedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rota:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "old", OLD)
    write(tmp_path / "jobs.d", NEW)

    def invoke(*words: str) -> Result:
        world = Outside(connect=lambda path: daemon, now=lambda: NOW, zone=UTC)
        return CliRunner().invoke(rota, words, obj=world)

    return invoke


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True)


@pytest.fixture
def repository(run_rota: Rota, tmp_path: Path) -> Path:
    """Whose HEAD holds the old files, and whose work tree the new ones."""
    home = tmp_path / "repo"
    write(home / "jobs.d", OLD)
    git(tmp_path, "init", "-q", str(home))
    git(home, "add", ".")
    git(home, "commit", "-q", "-m", "one")
    git(home, "tag", "before")
    for name in OLD:
        (home / "jobs.d" / name).unlink()
    write(home / "jobs.d", NEW)
    return home


def in_force(*jobs: tuple[str, dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return {
        "host": "alpha",
        "timezone": "UTC",
        "pools": {"database": 1},
        "maxRunning": 16,
        "jobs": [
            {
                "id": job,
                "definition": definition,
                "hash": "h",
                "source": {"file": f"{job}.yaml", "line": 1, "directory": "/jobs.d", "commit": None},
                "medianMs": 61_000,
                "paused": None,
            }
            for job, definition in jobs
        ],
        "total": len(jobs),
        "nextCursor": None,
        **changes,
    }


def test_the_text_tells_jobs_keys_instants_and_the_peak(run_rota: Rota) -> None:
    result = run_rota("plan", "--against", "old")

    assert result.exit_code == 1, result.output
    for line in (
        "1 job added, 1 removed, 1 renamed, 5 changed.",
        "+ sly: once, on 2025-01-01 00:00 UTC",
        "- gone",
        "> nightly-backup: was db-backup",
        "~ analyze, vacuum (by db/_defaults.yaml)",
        "    limits.timeout: not set → 20m",
        "      -curl -f https://old/",
        "      +curl -f https://new/",
        "    schedule.every: 5m → 1m",
        "- gone: 2026-11-22 04:15 UTC",
        "~ poll: 1440 instants in 24 h, was 288",
        "~ report: 2026-11-22 02:00 CET → 03:00 CET",
        "  sly is never due again: its `at` has passed (2025-01-01 00:00 UTC)",
    ):
        assert line in result.output.splitlines()
    assert max(map(len, result.output.splitlines())) <= 80


def test_nothing_changes_is_exit_0(run_rota: Rota) -> None:
    result = run_rota("plan", "jobs.d", "--against", "jobs.d")

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "Compared with jobs.d, of jobs.d, for every host.",
        "Nothing changes.",
    ]


def test_the_json_holds_what_the_text_tells(run_rota: Rota) -> None:
    found = json.loads(run_rota("plan", "--against", "old", "--json").output)

    assert found["changes"] is True
    assert [each["job"] for each in found["added"]] == ["sly"]
    assert found["renamed"] == [{"from": "db-backup", "job": "nightly-backup", "keys": []}]
    assert {"key": "schedule.every", "before": "5m", "after": "1m"} in found["changed"][2]["keys"]
    assert found["defaults"] == [{"file": "db/_defaults.yaml", "jobs": ["analyze", "vacuum"]}]
    assert found["neverDue"][0]["job"] == "sly"
    assert found["running"]["after"]["pools"]["database"]["most"] == 1
    (moved,) = [each for each in found["instants"] if each["job"] == "report"]
    assert moved["move"][0]["after"]["local"] == "2026-11-22T03:00:00+01:00"


def test_the_comment_for_a_pull_request_is_as_it_was_looked_at(run_rota: Rota) -> None:
    result = run_rota("plan", "--against", "old", "--format", "markdown")

    assert result.exit_code == 1
    assert result.output == GOLDEN.read_text(encoding="utf-8")


def test_no_text_of_a_job_is_obeyed_in_the_comment(run_rota: Rota) -> None:
    text = run_rota("plan", "--against", "old", "--format", "markdown").output

    assert "<script" not in text
    assert "<img" not in text
    assert "@everyone" not in text
    assert "````diff\n@@" in text
    assert "a`b|c" not in text


def test_a_work_tree_is_compared_with_its_head(run_rota: Rota, repository: Path) -> None:
    result = run_rota("plan", str(repository / "jobs.d"))

    assert result.exit_code == 1
    assert result.output.startswith("Compared with HEAD (")
    assert "1 job added, 1 removed, 1 renamed, 5 changed." in result.output


def test_any_revision_will_do_and_no_checkout_is_touched(run_rota: Rota, repository: Path) -> None:
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "two")

    against_tag = run_rota("plan", str(repository / "jobs.d"), "--against", "before")
    against_head = run_rota("plan", str(repository / "jobs.d"), "--against", "HEAD")

    assert "5 changed" in against_tag.output
    assert against_head.exit_code == 0
    status = subprocess.run(
        ["git", "-C", str(repository), "status", "--porcelain"], check=True, capture_output=True
    )
    assert status.stdout == b""


def test_a_folder_that_the_revision_does_not_have_is_all_new(run_rota: Rota, repository: Path) -> None:
    write(repository / "more.d", {"a.yaml": "run: 'true'\n"})

    result = run_rota("plan", str(repository / "more.d"), "--against", "before")

    assert "1 job added." in result.output


def test_a_new_job_that_is_often_due_is_marked_as_new(run_rota: Rota, tmp_path: Path) -> None:
    write(tmp_path / "jobs.d", {"beat.yaml": "schedule: {every: 1m}\nrun: 'true'\n"})

    lines = run_rota("plan", "--against", "old").output.splitlines()

    assert "+ beat: 1440 instants in 24 h, was 0" in lines


def test_an_unknown_revision_is_a_helpful_line(run_rota: Rota, repository: Path) -> None:
    result = run_rota("plan", str(repository / "jobs.d"), "--against", "nowhere")

    assert result.exit_code == 2
    assert "nowhere is no commit" in result.output


def test_a_shallow_clone_says_how_to_get_the_rest(run_rota: Rota, repository: Path, tmp_path: Path) -> None:
    git(repository, "commit", "-q", "-a", "-m", "two")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", str(shallow))

    result = run_rota("plan", str(shallow / "jobs.d"), "--against", "HEAD~1")

    assert result.exit_code == 2
    assert "git fetch --unshallow" in result.output


def test_outside_of_git_something_else_must_be_named(run_rota: Rota) -> None:
    result = run_rota("plan", "--against", "HEAD")

    assert result.exit_code == 2
    assert "is not in a git repository" in result.output


def test_the_daemon_is_asked_first(run_rota: Rota, daemon: ScriptedDaemon, tmp_path: Path) -> None:
    write(tmp_path / "one", {"a.yaml": 'schedule: {cron: "0 3 * * *"}\nrun: "true"\n'})
    daemon.says("/api/v1/definitions", in_force(("a", {"run": "true", "schedule": {"cron": "0 2 * * *"}})))

    result = run_rota("plan", "one")

    assert result.output.startswith("Compared with the running daemon on alpha, as on the host alpha.")
    assert "~ a: 2026-11-22 02:00 UTC → 03:00 UTC" in result.output
    assert "1 by their last runs" in result.output


def test_all_pages_of_the_daemon_are_read(run_rota: Rota, daemon: ScriptedDaemon, tmp_path: Path) -> None:
    write(tmp_path / "two", {"a.yaml": "run: 'true'\n", "b.yaml": "run: 'true'\n"})
    daemon.says(
        "/api/v1/definitions",
        in_force(("a", {"run": "true"}), nextCursor="a"),
        in_force(("b", {"run": "true"})),
    )

    assert run_rota("plan", "two", "--against", "daemon").exit_code == 0


def test_a_daemon_knows_no_other_host(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/definitions", in_force())

    result = run_rota("plan", "--against", "daemon", "--host", "beta")

    assert result.exit_code == 2
    assert "knows no other host" in result.output


def test_without_a_daemon_there_is_no_comparing_with_it(run_rota: Rota) -> None:
    assert run_rota("plan", "--against", "daemon").exit_code == 2


def test_broken_files_are_shown_and_no_plan_is_made(run_rota: Rota, tmp_path: Path) -> None:
    write(tmp_path / "jobs.d", {"broken.yaml": "run: [\n"})

    for form in ("text", "json", "markdown"):
        result = run_rota("plan", "--against", "old", "--format", form)

        assert result.exit_code == 2
        assert "broken.yaml" in result.output
    assert "added" not in result.output


def test_a_directory_that_is_not_there_is_named(run_rota: Rota) -> None:
    result = run_rota("plan", "nowhere", "--against", "old")

    assert result.exit_code == 2
    assert "nowhere: no such directory" in result.output
