"""What people hold back, over a real daemon and its restarts; jobs under another name; and why."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from daemon_process import DaemonProcess
from eventually import eventually

SECONDLY = "tags: [{tag}]\nschedule: {{every: 1s}}\nmissed: {missed}\nrun: 'true'\n"


def secondly(tag: str, missed: str = "skip") -> str:
    return SECONDLY.format(tag=tag, missed=missed)


def rows(daemon: DaemonProcess, job: str, query: str = "") -> list[Any]:
    """Its rows that answer due instants, oldest first."""
    found = daemon.get(f"/api/v1/jobs/{job}/runs?limit=200{query}")["runs"]
    return sorted(found, key=lambda row: row["scheduledFor"])


def skipped(daemon: DaemonProcess, job: str) -> list[Any]:
    """Its skips, once there are some."""
    found: list[Any] = eventually(lambda: rows(daemon, job, "&state=skipped"))
    return found


def test_a_pause_of_a_tag_outlives_a_kill_and_takes_in_new_jobs(daemon: DaemonProcess) -> None:
    daemon.load("early", secondly("disks"))
    told = daemon.rota("pause", "--tag", "disks", "--note", "disk swap").stdout
    assert told == "all jobs tagged disks: paused (disk swap) (1 job now)\n"

    daemon.kill9()
    daemon.start()
    daemon.load("later", secondly("disks"))

    for job in ("early", "later"):
        skip = skipped(daemon, job)[-1]
        assert (skip["reason"], skip["message"]) == ("paused", "paused: disk swap")
    refused = daemon.rota("resume", "early", check=False)
    assert refused.returncode == 1
    assert refused.stderr.strip().endswith("rota resume --tag disks")
    why = daemon.rota("why", "early").stdout
    assert "It is paused with all jobs tagged disks since" in why

    daemon.rota("resume", "--tag", "disks")
    assert eventually(lambda: rows(daemon, "later", "&state=completed"))
    daemon.unload("early")
    daemon.unload("later")


def test_paused_instants_run_after_all_with_catch_up(daemon: DaemonProcess) -> None:
    daemon.load("owes", secondly("owes", "all"))
    daemon.rota("pause", "owes")
    skip = eventually(lambda: next((row for row in rows(daemon, "owes") if row["count"] >= 3), None))

    daemon.rota("resume", "owes", "--catch-up")
    daemon.rota("pause", "owes")

    caught = eventually(lambda: [row for row in rows(daemon, "owes") if row["trigger"] == "catch_up"][2:])
    assert caught
    due = [row["scheduledFor"] for row in rows(daemon, "owes") if row["trigger"] == "catch_up"]
    assert due == [skip["scheduledFor"] + 1000 * place for place in range(len(due))]
    daemon.unload("owes")


def test_one_instant_is_skipped_as_asked_also_after_a_restart(daemon: DaemonProcess) -> None:
    daemon.load("spared", "schedule: {every: 4s}\nrun: 'true'\n")
    told = daemon.rota("skip", "spared", "--note", "audit").stdout
    assert told.startswith("spared: the run at ")
    daemon.stop()
    daemon.start()

    # The instant may have passed while the daemon was away: that is no reason to call it missed.
    skip = eventually(lambda: [row for row in skipped(daemon, "spared") if row["reason"] == "asked"])[0]
    assert (skip["message"].endswith(": audit"), skip["count"]) == (True, 1)
    assert eventually(lambda: daemon.get("/api/v1/jobs/spared")["skipNext"] is None)
    daemon.unload("spared")


def test_a_renamed_job_keeps_history_pause_numbers_logs_and_links(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    daemon.load("old-name", f"run: echo hello; until [ -e {tmp_path}/go ]; do sleep 0.02; done; exit 3\n")
    (tmp_path / "go").touch()
    failed = daemon.ended(daemon.run("old-name"))
    (tmp_path / "go").unlink()
    daemon.rota("pause", "old-name", "--note", "moving")
    still = daemon.run("old-name")
    eventually(lambda: daemon.get(f"/api/v1/runs/{still}")["state"] == "running")

    rename(daemon, "old-name", "new-name", "renamed_from: old-name\nrun: echo again\n")

    assert daemon.get("/api/v1/jobs/new-name")["paused"]["note"] == "moving"
    assert daemon.run("new-name") == "new-name.3"
    moved = daemon.get("/api/v1/runs/new-name.1")
    assert (moved["message"], moved["exitCode"]) == (failed["message"], 3)
    assert daemon.get("/api/v1/runs/old-name.1") == moved
    assert daemon.lines("new-name.1") == ["hello"]
    assert daemon.rota("logs", "old-name.1").stdout.splitlines()[-1].endswith("hello")
    assert daemon.exchange("GET", "/runs/old-name.1")[0] == 303
    assert daemon.exchange("GET", "/jobs/old-name")[0] == 303
    again = daemon.post("/api/v1/runs/old-name.1/retry")
    assert (again["job"], again["retryOf"]) == ("new-name", "new-name.1")

    (tmp_path / "go").touch()  # the run of the old name ends in peace, and follows
    assert eventually(lambda: daemon.get("/api/v1/jobs/new-name/runs?state=failed")["total"] == 2)
    assert daemon.lines("new-name.2") == ["hello"]
    daemon.kill9()
    daemon.start()
    assert daemon.get(f"/api/v1/runs/{still}")["id"] == "new-name.2"
    daemon.unload("new-name")


def rename(daemon: DaemonProcess, old: str, new: str, text: str) -> None:
    """As `git mv` with a change does it: both at once."""
    (daemon.jobs / f"{old}.yaml").unlink()
    daemon.load(new, text)


def test_why_did_it_not_run_at_that_second(daemon: DaemonProcess, tmp_path: Path) -> None:
    go = tmp_path / "go"
    daemon.load("busy", f"schedule: {{every: 1s}}\nrun: until [ -e {go} ]; do sleep 0.02; done\n")
    skip = eventually(lambda: next((row for row in rows(daemon, "busy") if row["count"] >= 2), None))

    why = daemon.get(f"/api/v1/jobs/busy/why?at={skip['scheduledFor'] + 1000}")
    before = daemon.get(f"/api/v1/jobs/busy/why?at={skip['scheduledFor'] - 86_400_000}")
    ran = daemon.get(f"/api/v1/jobs/busy/why?at={rows(daemon, 'busy')[0]['scheduledFor']}")
    coming = daemon.get(f"/api/v1/jobs/busy/why?at={int(time.time() + 3600) * 1000}")

    assert (why["reason"], why["at"], why["run"]) == ("overlap", skip["scheduledFor"] + 1000, skip["id"])
    assert "busy.1 is still running: attempt 1 of 1, it has no timeout." in why["answer"]
    assert "due instants in a row" in why["details"][0]
    assert before["reason"] == "not_loaded"
    assert ran["answer"].startswith("busy.1 is for ")
    assert coming["reason"] == "to_come"
    (tmp_path / "go").touch()
    daemon.unload("busy")


def test_what_could_stop_it_is_told_at_the_terminal(daemon: DaemonProcess) -> None:
    text = "schedule: {cron: '0 2 * * *', timezone: Europe/Berlin}\nstart_deadline: 10m\nrun: exit 3\n"
    daemon.load("asked", text)
    daemon.ended(daemon.run("asked"))
    daemon.rota("skip", "asked")
    listed = daemon.get("/api/v1/jobs/asked/next?count=2")["next"]
    assert [due.get("note") for due in listed] == ["will be skipped, as asked", None]

    told = daemon.rota("why", "asked").stdout

    assert told.startswith("Last: asked.1 failed at ")
    assert "\nNext: " in told
    assert "will be skipped, as asked at" in told
    assert "A run that can't start within 10 minutes is skipped (start_deadline)." in told
    assert daemon.rota("why", "nobody", check=False).returncode == 1
    daemon.unload("asked")
