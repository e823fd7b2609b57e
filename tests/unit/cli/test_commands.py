from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from re import split
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from fakes.command_line import NOW, Rota, a_job, a_run, listed, ms
from fakes.daemon import ScriptedDaemon
from rota.cli.failure import NoDaemon
from rota.core.instant import to_ms

DATA = Path(__file__).parents[2] / "data"


def references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from references(part)


def test_list_shows_state_schedule_next_and_last(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/jobs", listed(a_job()))

    head, row = (split(r"  +", line) for line in run_rota("list").output.splitlines())

    assert head == ["JOB", "STATE", "SCHEDULE", "NEXT (UTC)", "LAST RUN"]
    assert row == [
        "backup", "failed", "daily at 02:00", "2026-09-24 12:00:00", "in 2 h", "failed", "4 min ago",
    ]  # fmt: skip


def test_list_says_of_a_job_that_never_ran_that_it_has_not_run_yet(
    run_rota: Rota, daemon: ScriptedDaemon
) -> None:
    daemon.says("/api/v1/jobs", listed(a_job(state="unknown", lastRun=None)))

    row = split(r"  +", run_rota("list").output.splitlines()[1])

    assert (row[1], row[-1]) == ("not run yet", "never")


def test_list_as_json_is_the_api_shape(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/jobs", listed(a_job()))

    assert json.loads(run_rota("list", "--json").output) == listed(a_job())


def test_run_sends_parameters_in_the_types_that_the_job_asks_for(
    run_rota: Rota, daemon: ScriptedDaemon
) -> None:
    daemon.says("/api/v1/jobs/backup", a_job())
    daemon.says("/api/v1/jobs/backup/runs", a_run("pending"))

    result = run_rota("run", "backup", "-p", "keep=3", "-p", "name=7", "--for", "02:00")

    due = to_ms(datetime(2026, 9, 24, 2, 0, tzinfo=UTC))
    wish = {"params": {"keep": 3, "name": "7"}, "scheduledFor": due}
    assert daemon.posted == [("/api/v1/jobs/backup/runs", wish)]
    assert (result.exit_code, result.stdout) == (0, "backup.8\n")


@pytest.mark.parametrize(("word", "told"), [("x", "expected NAME=VALUE"), ("kep=1", "no parameter 'kep'")])
def test_a_parameter_that_makes_no_sense_is_refused_before_anything_runs(
    run_rota: Rota, daemon: ScriptedDaemon, word: str, told: str
) -> None:
    daemon.says("/api/v1/jobs/backup", a_job())

    result = run_rota("run", "backup", "-p", word)

    assert result.exit_code == 2
    assert told in result.stderr
    assert daemon.posted == []


def test_a_job_names_its_latest_run(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/runs/backup.latest/cancel", a_run("cancelled"))

    assert run_rota("cancel", "backup", "--now").output == "backup.8: cancelled\n"
    assert daemon.posted == [("/api/v1/runs/backup.latest/cancel", {"immediately": True})]


def test_retry_tells_which_run_it_made(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/runs/backup.7/retry", a_run("pending", retryOf="backup.7"))

    assert run_rota("retry", "backup.7").output == "backup.8 (again for backup.7)\n"


def test_pause_wants_to_know_which_jobs(run_rota: Rota) -> None:
    assert run_rota("pause").exit_code == 2
    assert run_rota("pause", "backup", "--all").exit_code == 2


def test_runs_leaves_skips_out_unless_asked(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    page = {"runs": [a_run(message="exit code 0")], "total": 30, "nextCursor": "c"}
    daemon.says("/api/v1/runs", page)

    result = run_rota("runs", "-n", "1")

    assert daemon.asked == ["/api/v1/runs?skipped=false&limit=1"]
    assert result.stdout.splitlines()[1].split("  ") == [
        "backup.8", "completed", "2026-09-24 09:58:00", "1 min", "manual", " exit code 0",
    ]  # fmt: skip
    assert result.stderr == "1 of 30 runs; more with -n\n"


def test_runs_of_a_batch_show_the_item_of_each_child(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    child = a_run("failed", id="backup.8.2", trigger="batch", items=["b.csv"], message="exit code 3")
    daemon.says("/api/v1/runs?skipped=false&parent=backup.8&limit=20", {"runs": [child], "total": 1})

    result = run_rota("runs", "backup.8")

    assert "ITEM" in result.stdout
    assert "b.csv  exit code 3" in result.stdout
    assert "TRIGGER" not in result.stdout


def test_runs_say_when_there_are_more_than_were_counted(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    page = {"runs": [a_run()], "total": 10_000, "totalIsCapped": True, "nextCursor": "c"}
    daemon.says("/api/v1/runs", page)

    assert run_rota("runs", "-n", "1").stderr == "1 of 10000+ runs; more with -n\n"


def test_reload_with_wait_prints_the_problems_and_exits_1(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    problem = {
        "file": "jobs.d/a.yaml", "line": 3, "column": 5, "path": "/timout",
        "message": "unknown key timout", "hint": "did you mean timeout?", "severity": "error",
    }  # fmt: skip
    daemon.says("/api/v1/reload", {"jobs": 4, "files": 5, "stale": ["a"], "problems": [problem]})

    result = run_rota("reload", "--wait")

    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "4 jobs from 5 files, 1 problem; running on their last good version: a",
        "jobs.d/a.yaml:3:5: error: unknown key timout (did you mean timeout?)",
    ]
    assert run_rota("reload").exit_code == 0


def test_next_over_all_jobs_is_merged_in_time(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    def due(job: str, hours: int) -> dict[str, Any]:
        at = NOW + timedelta(hours=hours)
        ms = to_ms(at)
        row = {"job": job, "trigger": "x", "at": ms, "startsAt": ms}
        return {**row, "local": at.isoformat(), "zone": "UTC"}

    daemon.says("/api/v1/jobs", listed(a_job("a"), a_job("b"), a_job("c", nextAt=None)))
    daemon.says("/api/v1/jobs/a/next", {"next": [due("a", 1), due("a", 3)]})
    daemon.says("/api/v1/jobs/b/next", {"next": [due("b", 2), due("b", 4)]})

    found = json.loads(run_rota("next", "-n", "3", "--json").output)

    assert [row["job"] for row in found] == ["a", "b", "a"]


def test_next_reads_files_without_a_daemon(run_rota: Rota, tmp_path: Path) -> None:
    (tmp_path / "backup.yaml").write_text(
        'schedule: {cron: "0 2 * * *", timezone: Europe/Berlin}\nrun: "true"\n'
    )

    found = json.loads(run_rota("next", "--jobs", str(tmp_path), "-n", "2", "--json").output)

    assert [(row["local"], row["zone"]) for row in found] == [
        ("2026-09-25T02:00:00+02:00", "Europe/Berlin"),
        ("2026-09-26T02:00:00+02:00", "Europe/Berlin"),
    ]


def test_next_reads_files_as_a_rota_yaml_says(run_rota: Rota, tmp_path: Path) -> None:
    jobs, config = tmp_path / "jobs.d", tmp_path / "rota.yaml"
    jobs.mkdir()
    (jobs / "backup.yaml").write_text(
        'schedule: {cron: "0 2 * * *", except: {calendar: free}}\nrun: "true"\n'
    )
    config.write_text("timezone: Asia/Tokyo\ncalendars: {free: {dates: [2026-09-26]}}\n")

    found = run_rota("next", "--jobs", str(jobs), "--config", str(config), "-n", "2", "--json")

    assert [row["local"] for row in json.loads(found.output)] == [
        "2026-09-25T02:00:00+09:00",
        "2026-09-27T02:00:00+09:00",
    ]
    assert run_rota("next", "--config", str(config)).exit_code == 2


def test_status_check_is_one_line_for_a_monitoring_system(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/readyz", (200, {"reasons": []}))
    daemon.says("/api/v1/jobs", listed(a_job()))

    result = run_rota("status", "--check")

    assert result.exit_code == 2
    assert result.output == (
        "CRITICAL - 1 of 1 job: backup failed | jobs=1 running=0 failed=1 missed=0 paused=0\n"
    )


def test_status_check_of_a_job_that_is_not_there_is_unknown(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/readyz", (200, {"reasons": []}))

    assert run_rota("status", "nosuch", "--check").exit_code == 3


def test_status_check_without_a_daemon_is_critical(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/readyz", NoDaemon("no daemon answers at x"))

    result = run_rota("status", "--check")

    assert (result.exit_code, result.output) == (2, "CRITICAL - no daemon answers at x\n")


def test_link_prints_the_link_alone_on_stdout(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/session/links", {"url": "http://127.0.0.1:8321/sign-in?token=t", "expiresAt": ms()})

    result = run_rota("link")

    assert result.stdout == "http://127.0.0.1:8321/sign-in?token=t\n"
    assert "until 2026-09-24 10:00:00 UTC" in result.stderr


def test_validate_exits_0_1_or_2(run_rota: Rota, tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.mkdir()
    (good / "a.yaml").write_text('run: "true"\n')
    (bad / "a.yaml").write_text('run: "true"\nlimits: {timout: 3s}\n')

    assert run_rota("validate", str(good)).exit_code == 0
    result = run_rota("validate", str(bad))
    assert result.exit_code == 1
    assert "a.yaml:2:10: error:" in result.stdout
    assert "timeout" in result.stdout
    assert run_rota("validate", str(tmp_path / "none")).exit_code == 2


def test_validate_as_json_counts_files_and_jobs(run_rota: Rota, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("rnu: x\n")

    found = json.loads(run_rota("validate", str(tmp_path), "--format", "json").output)

    assert (found["files"], found["jobs"]) == (1, 0)
    assert {"file", "line", "column", "path", "message", "severity"} <= set(found["problems"][0])


@pytest.mark.parametrize(
    "words", [["job"], ["config"], ["tree"], ["component", "JobRow"], ["action", "job.run"]]
)
def test_schemas_stand_alone(run_rota: Rota, words: list[str]) -> None:
    schema = json.loads(run_rota("schema", *words).output)

    Draft202012Validator.check_schema(schema)
    alone = Registry().resolver_with_root(DRAFT202012.create_resource(schema))
    for reference in references(schema):
        assert alone.lookup(reference).contents is not None


def test_the_schema_of_trees_takes_what_the_daemon_sends(run_rota: Rota) -> None:
    schema = json.loads(run_rota("schema", "tree").output)
    sent = json.loads((DATA / "terminal" / "overview.json").read_text(encoding="utf-8"))

    assert [error.message for error in Draft202012Validator(schema).iter_errors(sent)] == []
    assert not Draft202012Validator(schema).is_valid({**sent, "elements": {"page": {"type": "Page"}}})


def test_a_component_that_is_not_there_is_answered_with_those_that_are(run_rota: Rota) -> None:
    result = run_rota("schema", "component", "Nothing")

    assert result.exit_code == 2
    assert "JobRow" in result.stderr


def a_comparison(**changes: Any) -> dict[str, Any]:
    then = {
        "hash": "aa",
        "commit": "1a2b3c4d5e",
        "dirty": True,
        "file": "nightly.yaml",
        "line": 3,
        "text": "run: a\n",
    }
    now = {**then, "hash": "bb", "dirty": False, "commit": None, "text": "run: b\n"}
    diff = "--- then\n+++ now\n@@ -1 +1 @@\n-run: a\n+run: b\n"
    return {
        "run": "backup.7",
        "job": "backup",
        "then": then,
        "now": now,
        "keys": ["run"],
        "diff": diff,
        **changes,
    }


def test_diff_says_where_the_definition_was_and_what_differs(daemon: ScriptedDaemon, run_rota: Rota) -> None:
    daemon.says("/api/v1/runs/backup.latest/definition", a_comparison())

    done = run_rota("diff", "backup")

    assert done.exit_code == 1
    assert "then: nightly.yaml:3 at 1a2b3c4, with local changes\n" in done.stdout
    assert "now:  nightly.yaml:3\n" in done.stdout
    assert "keys: run\n" in done.stdout
    assert "-run: a\n+run: b\n" in done.stdout


def test_diff_tells_the_same_definition_from_one_that_can_not_be_compared(
    daemon: ScriptedDaemon, run_rota: Rota
) -> None:
    then = a_comparison()["then"]
    place = "/api/v1/runs/backup.7/definition"
    daemon.says(place, a_comparison(now=then, keys=[], diff=""))
    same = run_rota("diff", "backup.7")
    daemon.says(place, a_comparison(now=None, keys=[], diff=""))
    gone = run_rota("diff", "backup.7")
    daemon.says(place, a_comparison(then={**then, "text": None}, keys=[], diff=""))
    forgotten = run_rota("diff", "backup.7")

    assert (same.exit_code, "definition that is in force" in same.stdout) == (0, True)
    assert (gone.exit_code, "there is no job backup now" in gone.stderr) == (2, True)
    assert (forgotten.exit_code, "no longer kept" in forgotten.stderr) == (2, True)
