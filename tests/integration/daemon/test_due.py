"""Due instants meet a job that is busy, paused or disabled: each leaves its trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daemon_process import DaemonProcess
from eventually import eventually


def waits_for(gate: Path) -> str:
    """Shell text that goes on when the file is there."""
    return f"until [ -e {gate} ]; do sleep 0.02; done"


def skips(daemon: DaemonProcess, job: str, words: str = "") -> list[Any]:
    """Newest first; those with these words in their message."""
    found = daemon.get(f"/api/v1/jobs/{job}/runs?state=skipped")["runs"]
    return [row for row in found if words in row["message"]]


def test_a_due_instant_starts_the_job(daemon: DaemonProcess) -> None:
    daemon.load("ticks", 'schedule: {every: 1s}\nrun: echo "$ROTA_TRIGGER $ROTA_SCHEDULED_EPOCH"\n')

    eventually(lambda: daemon.get("/api/v1/jobs/ticks/runs")["total"])
    ended = daemon.ended("ticks.1")
    daemon.unload("ticks")

    due = ended["scheduledFor"]
    assert due % 1000 == 0
    assert due <= ended["createdAt"]
    assert daemon.lines("ticks.1") == [f"schedule {due // 1000}"]


def test_an_overlap_is_skipped_and_says_which_run_is_in_the_way(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    limits = "limits: {timeout: 1h}\n"
    daemon.load("overlaps", f"schedule: {{every: 1s}}\n{limits}run: {waits_for(tmp_path / 'go')}\n")

    first = eventually(lambda: skips(daemon, "overlaps", "attempt 1 of 1"))[-1]

    assert (first["reason"], first["trigger"]) == ("overlap", "schedule")
    assert first["message"].startswith("overlaps.1 is still running: attempt 1 of 1, until ")
    assert first["message"].endswith(" at the latest")
    refused = daemon.request("POST", "/api/v1/jobs/overlaps/runs", {})
    assert refused[0] == 409
    assert "overlaps.1 is running" in refused[1]["detail"]
    daemon.unload("overlaps")
    (tmp_path / "go").touch()
    assert daemon.ended("overlaps.1")["state"] == "completed"


def test_the_queue_is_first_in_first_out_and_has_an_end(daemon: DaemonProcess, tmp_path: Path) -> None:
    daemon.load(
        "queues",
        "params: {n: {type: integer}}\nconcurrency: {overlap: queue, queue: 3}\n"
        f"run: {waits_for(tmp_path / 'go')}; echo $PARAM_N >> {tmp_path}/order\n",
    )
    runs = [daemon.run("queues", n=n) for n in range(4)]

    refused = daemon.request("POST", "/api/v1/jobs/queues/runs", {"params": {"n": 9}})

    assert refused[0] == 409
    assert refused[1]["detail"] == "The queue of queues is full: 3 runs wait already."
    job = daemon.get("/api/v1/jobs/queues")
    assert (job["running"], job["queued"]) == (runs[:1], runs[1:])
    waiting = daemon.get(f"/api/v1/runs/{runs[2]}")
    assert (waiting["state"], waiting["reason"]) == ("pending", "queued")
    cancelled = daemon.post(f"/api/v1/runs/{runs[2]}/cancel")
    assert cancelled["state"] == "cancelled"
    (tmp_path / "go").touch()
    assert [daemon.ended(run)["state"] for run in runs] == [
        "completed",
        "completed",
        "cancelled",
        "completed",
    ]
    assert (tmp_path / "order").read_text().split() == ["0", "1", "3"]


def test_as_many_run_at_once_as_the_job_allows(daemon: DaemonProcess, tmp_path: Path) -> None:
    daemon.load("pair", f"concurrency: {{max: 2}}\nrun: {waits_for(tmp_path / 'go')}\n")

    runs = [daemon.run("pair"), daemon.run("pair")]

    eventually(lambda: all(daemon.get(f"/api/v1/runs/{run}")["state"] == "running" for run in runs))
    assert daemon.request("POST", "/api/v1/jobs/pair/runs", {})[0] == 409
    (tmp_path / "go").touch()
    assert [daemon.ended(run)["state"] for run in runs] == ["completed", "completed"]


def test_due_instants_wait_in_the_queue_until_it_is_full(daemon: DaemonProcess, tmp_path: Path) -> None:
    text = "schedule: {every: 1s}\nconcurrency: {overlap: queue, queue: 1}\n"
    daemon.load("full", f"{text}run: {waits_for(tmp_path / 'go')}\n")

    skip = eventually(lambda: skips(daemon, "full"))[-1]

    assert (skip["reason"], skip["message"]) == ("queue_full", "the queue is full: 1 run waits already")
    assert daemon.get("/api/v1/jobs/full")["queued"] == ["full.2"]
    (daemon.jobs / "full.yaml").write_text(
        f"concurrency: {{overlap: queue}}\nrun: {waits_for(tmp_path / 'go')}\n"
    )
    daemon.post("/api/v1/reload")
    (tmp_path / "go").touch()
    assert [daemon.ended(f"full.{n}")["state"] for n in (1, 2)] == ["completed", "completed"]


def test_what_waits_longer_than_its_start_deadline_is_skipped(daemon: DaemonProcess, tmp_path: Path) -> None:
    text = "schedule: {every: 1s}\nstart_deadline: 1s\nconcurrency: {overlap: queue}\n"
    daemon.load("hurried", f"{text}run: {waits_for(tmp_path / 'go')}\n")

    skip = eventually(lambda: skips(daemon, "hurried", "waited in the queue"))[-1]

    assert skip["reason"] == "start_deadline"
    assert skip["message"] == "waited in the queue for longer than its start deadline of 1 s"
    daemon.unload("hurried")
    (tmp_path / "go").touch()
    eventually(lambda: not daemon.get("/api/v1/runs?job=hurried&state=running&state=pending")["total"])


def test_a_paused_job_skips_its_instants_and_runs_by_hand(daemon: DaemonProcess, tmp_path: Path) -> None:
    daemon.load("paused", "run: echo ran\n")
    daemon.rota("pause", "paused", "--note", "disk swap")
    daemon.load("paused", "schedule: {every: 1s}\nrun: echo ran\n")

    skip = eventually(lambda: skips(daemon, "paused"))[-1]

    assert (skip["reason"], skip["message"]) == ("paused", "paused: disk swap")
    assert daemon.get("/api/v1/jobs/paused")["state"] == "paused"
    assert daemon.ended(daemon.run("paused"))["state"] == "completed"
    daemon.rota("resume", "paused")
    eventually(lambda: daemon.get("/api/v1/jobs/paused/runs?state=completed")["total"] >= 2)
    daemon.unload("paused")


def test_a_pause_ends_by_itself_at_its_time(daemon: DaemonProcess) -> None:
    daemon.load("rests", "run: 'true'\n")

    daemon.rota("pause", "rests", "--until", "+1s")

    assert daemon.get("/api/v1/jobs/rests")["state"] == "paused"
    eventually(lambda: daemon.get("/api/v1/jobs/rests")["paused"] is None)


def test_a_disabled_job_has_no_instants_and_is_not_run_by_hand(daemon: DaemonProcess) -> None:
    daemon.load("off", "enabled: false\nschedule: {every: 1s}\nrun: 'true'\n")

    status, problem = daemon.request("POST", "/api/v1/jobs/off/runs", {})

    assert (status, daemon.get("/api/v1/jobs/off")["nextAt"]) == (409, None)
    assert "`enabled: false`" in problem["detail"]


def test_a_job_of_other_hosts_is_not_here(daemon: DaemonProcess) -> None:
    daemon.load("elsewhere", 'hosts: ["no-such-host-*"]\nrun: "true"\n')

    assert daemon.request("GET", "/api/v1/jobs/elsewhere")[0] == 404


@pytest.mark.parametrize("schedule", ["{cron: '17 3 * * *', timezone: Europe/Berlin}", "{every: 7m}"])
def test_next_tells_the_instants_that_the_daemon_will_answer(daemon: DaemonProcess, schedule: str) -> None:
    daemon.load("planned", f"schedule: {schedule}\nrun: 'true'\n")

    told = json.loads(daemon.rota("next", "planned", "-n", "2", "--json").stdout)

    assert [each["job"] for each in told] == ["planned", "planned"]
    assert told[0]["at"] == daemon.get("/api/v1/jobs/planned")["nextAt"]
    if "cron" in schedule:
        assert {(each["local"][11:19], each["zone"]) for each in told} == {("03:17:00", "Europe/Berlin")}


def test_an_at_fires_once_and_never_for_an_instant_before_its_load(daemon: DaemonProcess) -> None:
    daemon.load("long-ago", "schedule: {at: 2020-01-01T00:00:00Z}\nrun: 'true'\n")

    assert daemon.get("/api/v1/jobs/long-ago")["nextAt"] is None
    assert daemon.get("/api/v1/jobs/long-ago/runs")["total"] == 0
