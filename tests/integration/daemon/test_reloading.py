"""Directories of job files that are exchanged, rewritten, lost and found under a daemon that runs.

`ROTA_TEST_FILES=10000` makes the checkout as large as any.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from daemon_process import DaemonProcess
from eventually import eventually

FILES = int(os.environ.get("ROTA_TEST_FILES", "1500"))
QUIET = 0.2  # seconds without a change before files are read

# What root may read all the same.
WITHOUT_OVERRIDE = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


@contextmanager
def mounted(volume: Path, at: Path) -> Iterator[Callable[[], object]]:
    """A folder bound to another; answers how to unmount it before the end."""
    bound = subprocess.run(["mount", "--bind", str(volume), str(at)], capture_output=True, text=True)
    if bound.returncode:
        pytest.skip(f"nothing can be mounted here: {bound.stderr.strip()}")
    with ExitStack() as left:
        left.callback(subprocess.run, ["umount", "--lazy", str(at)], check=True, capture_output=True)
        yield left.close


def titles(daemon: DaemonProcess) -> set[str]:
    """Of all jobs: one title when the set is whole."""
    found: set[str] = set()
    cursor: Any = ""
    while cursor is not None:
        page = daemon.get(f"/api/v1/jobs?limit=200&cursor={cursor}" if cursor else "/api/v1/jobs?limit=200")
        found |= {each["title"] for each in page["jobs"]}
        cursor = page["nextCursor"]
    return found


def overview(daemon: DaemonProcess) -> str:
    with urlopen(daemon.url + "/") as answer:
        return unescape(re.sub(r"<[^>]*>", " ", answer.read().decode()))


def loads(daemon: DaemonProcess) -> list[dict[str, Any]]:
    """What the daemon's log says of each time it read its files."""
    lines = [json.loads(line) for line in daemon.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "jobs.loaded"]


def git(folder: Path, *words: str) -> None:
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", "-C", str(folder), *name, *words], check=True, capture_output=True)


@pytest.mark.timeout(120 + FILES // 20)
@pytest.mark.slow  # a thousand and more files are written three times
def test_a_checkout_of_very_many_files_is_read_a_few_times_and_never_as_half_a_file(tmp_path: Path) -> None:
    daemon = DaemonProcess(tmp_path)
    git(daemon.jobs, "init")
    for title in ("first", "second"):
        for number in range(FILES):
            text = f"title: {title}\ndescription: {'x' * 100}\nrun: 'true'\n"
            (daemon.jobs / f"job-{number}.yaml").write_text(text)
        git(daemon.jobs, "add", ".")
        git(daemon.jobs, "commit", "-m", title)
        git(daemon.jobs, "branch", title)
    with daemon:
        before, began = len(loads(daemon)), time.monotonic()
        git(daemon.jobs, "checkout", "first")
        eventually(lambda: titles(daemon) == {"first"}, within=30 + FILES // 50, every=0.2)
        seen, took = loads(daemon), time.monotonic() - began
        jobs = daemon.get("/api/v1/jobs/job-7")

    assert len(seen) - before <= 2 + took / QUIET  # each waits until nothing has changed for a while
    assert {(each["jobs"], each["problems"]) for each in seen} == {(FILES, 0)}
    assert jobs["source"]["dirty"] is False


def test_a_link_to_the_job_directory_that_is_exchanged_exchanges_all_jobs_at_once(tmp_path: Path) -> None:
    for release in ("one", "two"):
        (tmp_path / release).mkdir()
        for name in ("a", "b", "c"):
            (tmp_path / release / f"{name}.yaml").write_text(f"title: {release}\nrun: 'true'\n")
    (tmp_path / "jobs.d").symlink_to("one")
    with DaemonProcess(tmp_path) as daemon:
        assert titles(daemon) == {"one"}

        subprocess.run(["ln", "-sfn", "two", str(tmp_path / "jobs.d")], check=True)

        eventually(lambda: titles(daemon) == {"two"})
        (tmp_path / "two" / "d.yaml").write_text("title: three\nrun: 'true'\n")
        eventually(lambda: titles(daemon) == {"two", "three"})


def test_a_directory_that_vanishes_leaves_its_jobs_and_is_found_when_it_comes_back(tmp_path: Path) -> None:
    daemon = DaemonProcess(tmp_path)
    daemon.job("stays", "title: As it was\nschedule: {every: 7h}\nrun: echo here\n")
    aside = tmp_path / "aside"
    with daemon:
        due = daemon.get("/api/v1/jobs/stays")["nextAt"]

        daemon.jobs.rename(aside)

        eventually(lambda: "can't be read" in overview(daemon))
        job = daemon.get("/api/v1/jobs/stays")
        assert (job["stale"], job["nextAt"]) == (True, due)
        assert daemon.ended(daemon.run("stays"))["state"] == "completed"
        (aside / "stays.yaml").write_text("title: As it is\nschedule: {every: 7h}\nrun: echo here\n")
        aside.rename(daemon.jobs)
        eventually(lambda: titles(daemon) == {"As it is"})
        assert daemon.get("/api/v1/jobs/stays")["nextAt"] == due
        assert "can't be read" not in overview(daemon)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_job_directory_that_is_unmounted_leaves_its_jobs_and_is_found_when_it_is_mounted_again(
    tmp_path: Path,
) -> None:
    daemon, volume = DaemonProcess(tmp_path), tmp_path / "volume"
    volume.mkdir()
    for number in range(8):
        (volume / f"job-{number}.yaml").write_text("title: As it was\nrun: 'true'\n")
    with mounted(volume, daemon.jobs) as unmount, daemon:
        unmount()

        eventually(lambda: "would vanish" in overview(daemon))
        assert titles(daemon) == {"As it was"}
        (volume / "job-7.yaml").write_text("title: As it is\nrun: 'true'\n")
        with mounted(volume, daemon.jobs):
            eventually(lambda: titles(daemon) == {"As it was", "As it is"})


def test_a_job_directory_that_may_not_be_read_any_more_leaves_its_jobs(tmp_path: Path) -> None:
    daemon = DaemonProcess(tmp_path, prefix=WITHOUT_OVERRIDE if os.geteuid() == 0 else ())
    daemon.job("stays", "title: As it was\nrun: echo here\n")
    with daemon:
        daemon.jobs.chmod(0)
        try:
            eventually(lambda: "can't be read" in overview(daemon))
            assert titles(daemon) == {"As it was"}
        finally:
            daemon.jobs.chmod(0o755)
        daemon.job("stays", "title: As it is\nrun: echo here\n")
        eventually(lambda: titles(daemon) == {"As it is"})


def test_without_inotify_changes_are_seen_all_the_same_and_health_says_how(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path, module="integration.daemon.unwatched") as daemon:
        daemon.job("seen", "run: 'true'\n")

        eventually(lambda: daemon.request("GET", "/api/v1/jobs/seen")[0] == 200)
        eventually(lambda: "max_user_instances" in overview(daemon))
