"""The daemon dies between the end of a run and the start of the job that comes after it."""

from __future__ import annotations

import signal

import pytest

from crash.dying import DIE_AT
from daemon_process import DaemonProcess
from eventually import eventually

# The first run's end is its second save; what is added after the run itself is another instant or its
# downstream's run.
DEATHS = ["store.save:after:2", "store.add:before:2", "store.add:after:2", "store.save:after:3"]


@pytest.mark.timeout(600)
def test_each_end_starts_what_comes_after_it_exactly_once(daemon: DaemonProcess) -> None:
    daemon.job("export", "schedule: {every: 1s}\nconcurrency: {max: 3}\nrun: 'true'\n")
    daemon.job(
        "report",
        "schedule: {after: export}\nmissed: {run: all}\nconcurrency: {overlap: queue, queue: 100}\n"
        "run: 'true'\n",
    )

    for point in DEATHS:
        daemon.launch("crash.dying_daemon", **{DIE_AT: point})
        assert daemon.died() == -signal.SIGKILL, f"it did not die at {point}"
    daemon.start()
    eventually(lambda: daemon.get("/api/v1/jobs/export/runs?state=completed")["total"] > len(DEATHS))
    daemon.job("export", "run: 'true'\n")
    eventually(lambda: daemon.get("/api/v1/jobs/export")["nextAt"] is None)

    def exported() -> set[str]:
        runs = daemon.get("/api/v1/jobs/export/runs?limit=200")["runs"]
        return {run["id"] for run in runs if run["state"] == "completed"}

    def reported() -> list[str]:
        runs = daemon.get("/api/v1/jobs/report/runs?limit=200")["runs"]
        return [id_ for run in runs if run["state"] == "completed" for id_ in run["upstream"]]

    eventually(lambda: exported() <= set(reported()))
    assert sorted(reported()) == sorted(exported())
    daemon.end()
