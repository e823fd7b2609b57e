"""Schedules that are more than a clock, from the file to the page."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlsplit

from daemon_process import DaemonProcess
from eventually import eventually


def page(daemon: DaemonProcess, path: str) -> str:
    connection = http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_a_chain_runs_one_after_the_other_and_says_so_everywhere(daemon: DaemonProcess) -> None:
    daemon.load("fetch", "run: 'true'\n")
    daemon.load("digest", 'schedule: {after: fetch}\nrun: echo "$ROTA_TRIGGER"\n')
    daemon.load("rescue", "schedule: {after: {any: [fetch], on: failed}}\nrun: 'true'\n")

    waiting = daemon.rota("next", "digest").stdout
    daemon.ended(daemon.run("fetch"))
    eventually(lambda: daemon.get("/api/v1/jobs/digest/runs")["total"])
    ended = daemon.ended("digest.1")

    assert waiting == "Nothing is due: digest runs after fetch completes.\n"
    assert (ended["trigger"], ended["upstream"]) == ("after", ["fetch.1"])
    assert ended["scheduledFor"] == daemon.get("/api/v1/runs/fetch.1")["endedAt"]
    assert daemon.lines("digest.1") == ["after"]
    assert "after fetch.1" in page(daemon, "/runs/digest.1")
    assert "Next: after fetch completes" in page(daemon, "/jobs/digest")
    skip = eventually(lambda: daemon.get("/api/v1/jobs/rescue/runs")["runs"])[0]
    assert (skip["state"], skip["reason"], skip["message"]) == ("skipped", "upstream", "fetch.1 completed")


def test_what_comes_from_the_end_waits_for_it(daemon: DaemonProcess, tmp_path: Path) -> None:
    gate = tmp_path / "go"
    daemon.load(
        "mirror", f"schedule: {{every: 1s, from: end}}\nrun: until [ -e {gate} ]; do sleep 0.02; done\n"
    )

    eventually(lambda: daemon.get("/api/v1/jobs/mirror")["running"])
    job = daemon.get("/api/v1/jobs/mirror")
    assert job["schedule"]["text"] == "1 s after the end of the last run"
    assert job["nextAt"] is None
    assert "Next: 1 s after the end of the run under way" in page(daemon, "/jobs/mirror")

    gate.touch()
    first = daemon.ended("mirror.1")
    eventually(lambda: daemon.get("/api/v1/jobs/mirror/runs")["total"] > 1)
    second = daemon.get("/api/v1/runs/mirror.2")
    assert second["scheduledFor"] == first["endedAt"] + 1000
    daemon.unload("mirror")


def test_a_preview_from_the_files_is_what_the_daemon_plans(daemon: DaemonProcess) -> None:
    daemon.load(
        "prune",
        "schedule: {cron: '0 3 * * *', timezone: Europe/Berlin, spread: 45m, "
        "except: [{days: [sat, sun]}]}\nrun: 'true'\n",
    )

    from_daemon = daemon.rota("next", "prune", "-n", "20", "--json").stdout
    from_files = daemon.rota("next", "prune", "-n", "20", "--json", "--jobs", str(daemon.jobs)).stdout
    elsewhere = daemon.rota(
        "next", "prune", "-n", "20", "--json", "--jobs", str(daemon.jobs), "--host", "another"
    ).stdout

    assert from_daemon == from_files
    assert from_daemon != elsewhere
    job = daemon.get("/api/v1/jobs/prune")
    assert job["schedule"]["text"] == (
        "daily at 03:00 (Europe/Berlin), within 45 minutes after, except Saturdays and Sundays"
    )
    (first,) = daemon.get("/api/v1/jobs/prune/next?count=1")["next"]
    assert first["at"] <= first["startsAt"] < first["at"] + 45 * 60_000
    assert job["nextAt"] == first["startsAt"]
    skipped = daemon.get("/api/v1/jobs/prune/next?count=7&skipped=true")["next"]
    assert sum("note" in each for each in skipped) == 2
    daemon.unload("prune")
