"""Job files that change, break and vanish under a daemon that runs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from daemon_process import DaemonProcess
from eventually import eventually

GOOD = "title: As it was\nrun: echo good\n"
BROKEN = "title: As it is\nrnu: echo broken\n"


def page(daemon: DaemonProcess, path: str = "/") -> str:
    """What a browser without script shows, as text."""
    with urlopen(daemon.url + path) as answer:
        return unescape(re.sub(r"<[^>]*>", " ", answer.read().decode()))


def job(daemon: DaemonProcess, name: str) -> Any:
    return daemon.get(f"/api/v1/jobs/{name}")


def reload(daemon: DaemonProcess, **wish: object) -> Any:
    return daemon.post("/api/v1/reload", wish)


def test_a_broken_file_keeps_the_last_good_version_of_its_job_and_is_shown_everywhere(
    daemon: DaemonProcess,
) -> None:
    daemon.load("breaks", GOOD)
    daemon.job("breaks", BROKEN)
    place = f"{daemon.jobs}/breaks.yaml:2:1"

    reload(daemon)

    stale = job(daemon, "breaks")
    assert (stale["stale"], stale["title"]) == (True, "As it was")
    (problem,) = stale["problems"]
    assert (problem["line"], problem["column"], problem["severity"]) == (2, 1, "error")
    assert f"{problem['message']}, {problem['hint']}" == 'unknown key "rnu", did you mean "run"?'
    for shown in (page(daemon), page(daemon, "/jobs/breaks")):
        assert place in shown
        assert "its last good version runs" in shown
    assert place in daemon.rota("status").stdout
    assert place in daemon.rota("status", "breaks").stdout
    assert "breaks (last good version)" in daemon.rota("list").stdout
    check = daemon.rota("status", "breaks", "--check", check=False)
    assert (check.returncode, check.stdout[:9]) == (1, "WARNING -")
    assert daemon.lines(daemon.ended(daemon.run("breaks"))["id"]) == ["good"]
    daemon.unload("breaks")


def test_the_last_good_version_outlives_the_daemon_until_the_file_is_mended(tmp_path: Path) -> None:
    daemon = DaemonProcess(tmp_path)
    daemon.job("breaks", GOOD)
    daemon.job("goes", GOOD)
    daemon.job("stays", GOOD)
    (daemon.jobs / "team").mkdir()
    (daemon.jobs / "team" / "_defaults.yaml").write_text("owner: team@example.org\n")
    (daemon.jobs / "team" / "below.yaml").write_text(GOOD)
    with daemon:
        daemon.stop()
        (daemon.jobs / "team" / "_defaults.yaml").write_text("owner: [\n")
        daemon.job("breaks", "run: [\n")
        (daemon.jobs / "goes.yaml").unlink()
        daemon.start()

        assert {each["id"]: each["stale"] for each in daemon.get("/api/v1/jobs")["jobs"]} == {
            "below": True,
            "breaks": True,
            "stays": False,
        }
        assert job(daemon, "breaks")["title"] == "As it was"
        assert len(job(daemon, "breaks")["problems"]) == 1
        assert job(daemon, "below")["owner"] == "team@example.org"
        assert daemon.lines(daemon.ended(daemon.run("breaks"))["id"]) == ["good"]
        daemon.kill9()
        daemon.start()
        assert job(daemon, "breaks")["stale"] is True
        daemon.load("breaks", GOOD.replace("good", "mended"))
        assert (job(daemon, "breaks")["stale"], job(daemon, "breaks")["problems"]) == (False, [])
        assert daemon.lines(daemon.ended(daemon.run("breaks"))["id"]) == ["mended"]


def test_a_file_that_is_broken_at_first_sight_is_shown_and_its_job_is_not_there(
    daemon: DaemonProcess,
) -> None:
    daemon.job("newborn", BROKEN)

    reload(daemon)

    assert daemon.request("GET", "/api/v1/jobs/newborn")[0] == 404
    place = f"{daemon.jobs}/newborn.yaml:2:1"
    assert place in page(daemon)
    assert place in daemon.rota("status").stdout
    daemon.unload("newborn")
    assert place not in page(daemon)


def test_broken_defaults_keep_all_jobs_below_them_and_no_others(daemon: DaemonProcess) -> None:
    folder = daemon.jobs / "team"
    (folder / "deep").mkdir(parents=True)
    defaults = folder / "_defaults.yaml"
    defaults.write_text("owner: team@example.org\n")
    (folder / "near.yaml").write_text("run: echo near\n")
    (folder / "deep" / "far.yaml").write_text("run: echo far\n")
    daemon.load("outside", "run: echo outside\n")
    assert job(daemon, "far")["owner"] == "team@example.org"

    defaults.write_text("owner: [nobody]\n")
    (folder / "near.yaml").write_text("run: echo changed\n")
    stale = reload(daemon)["stale"]

    assert stale == ["far", "near"]
    for name in stale:
        found = job(daemon, name)
        assert found["owner"] == "team@example.org"
        assert [each["file"] for each in found["problems"]] == [str(defaults)]
    assert job(daemon, "outside")["problems"] == []
    assert daemon.lines(daemon.ended(daemon.run("near"))["id"]) == ["near"]
    defaults.write_text("owner: new@example.org\n")
    assert reload(daemon)["stale"] == []
    assert job(daemon, "far")["owner"] == "new@example.org"
    assert daemon.lines(daemon.ended(daemon.run("near"))["id"]) == ["changed"]


def test_of_two_files_that_claim_one_id_its_owner_keeps_it(daemon: DaemonProcess) -> None:
    daemon.load("mine", GOOD)
    (daemon.jobs / "thief.yaml").write_text("jobs: {mine: {run: echo stolen}, theirs: {run: echo ok}}\n")

    problems = reload(daemon)["problems"]

    files = {str(daemon.jobs / name) for name in ("mine.yaml", "thief.yaml")}
    assert {each["file"] for each in problems if "used twice" in each["message"]} == files
    assert job(daemon, "mine")["title"] == "As it was"
    assert job(daemon, "theirs")["problems"] != []
    daemon.unload("thief")


def test_a_change_is_noticed_without_a_word(daemon: DaemonProcess) -> None:
    daemon.job("noticed", GOOD)
    eventually(lambda: daemon.request("GET", "/api/v1/jobs/noticed")[0] == 200)

    daemon.job("noticed", GOOD.replace("As it was", "As it is now"))
    eventually(lambda: job(daemon, "noticed")["title"] == "As it is now")

    (daemon.jobs / "noticed.yaml").unlink()
    eventually(lambda: daemon.request("GET", "/api/v1/jobs/noticed")[0] == 404)


def test_a_new_folder_is_noticed_with_what_is_put_into_it(daemon: DaemonProcess) -> None:
    (daemon.jobs / "later" / "on").mkdir(parents=True)
    (daemon.jobs / "later" / "on" / "in-folder.yaml").write_text(GOOD)

    eventually(lambda: daemon.request("GET", "/api/v1/jobs/in-folder")[0] == 200)


@pytest.fixture(scope="module")
def waiting_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One with a configuration: it reads its files again only when it is told to."""
    folder = tmp_path_factory.mktemp("signal")
    (folder / "rota.yaml").write_text("reload: signal\ntimezone: Europe/Berlin\nhost: db7\n")
    with DaemonProcess(folder, arguments=("--config", str(folder / "rota.yaml"))) as process:
        yield process


def test_a_hangup_makes_it_read_its_files_again(waiting_daemon: DaemonProcess) -> None:
    waiting_daemon.job("by-signal", GOOD)

    os.kill(waiting_daemon.pid, signal.SIGHUP)

    eventually(lambda: waiting_daemon.request("GET", "/api/v1/jobs/by-signal")[0] == 200)


def test_reload_answers_when_the_new_files_are_in_force(waiting_daemon: DaemonProcess) -> None:
    waiting_daemon.job("by-command", GOOD)

    told = waiting_daemon.rota("reload").stdout

    assert re.match(r"\d+ jobs? from \d+ files?\n", told)
    assert job(waiting_daemon, "by-command")["title"] == "As it was"


def test_zone_and_host_of_the_configuration_hold_for_jobs_that_name_none(
    waiting_daemon: DaemonProcess,
) -> None:
    waiting_daemon.load("zoned", "schedule: {cron: '0 2 * * *'}\nrun: 'true'\n")
    waiting_daemon.load("here", 'hosts: ["db*", "!db3"]\nrun: echo $ROTA_HOST\n')
    waiting_daemon.load("not-here", 'hosts: ["db*", "!db7"]\nrun: "true"\n')

    (due,) = waiting_daemon.get("/api/v1/jobs/zoned/next?count=1")["next"]
    assert (due["zone"], due["local"][10:19]) == ("Europe/Berlin", "T02:00:00")
    assert waiting_daemon.lines(waiting_daemon.ended(waiting_daemon.run("here"))["id"]) == ["db7"]
    assert waiting_daemon.request("GET", "/api/v1/jobs/not-here")[0] == 404


def test_what_may_surprise_is_a_warning_on_the_page_and_in_the_api_and_the_job_is_not_broken(
    daemon: DaemonProcess,
) -> None:
    daemon.load("uneven", "schedule: {cron: '*/7 * * * *'}\nrun: 'true'\n")

    eventually(lambda: job(daemon, "uneven")["problems"] != [])

    (warning,) = job(daemon, "uneven")["problems"]
    assert (warning["severity"], warning["line"], warning["column"]) == ("warning", 1, 18)
    assert job(daemon, "uneven")["state"] != "invalid"
    assert "a step of 7 does not divide 60" in page(daemon, "/jobs/uneven")


def test_the_run_of_a_removed_job_ends_in_peace(daemon: DaemonProcess, tmp_path: Path) -> None:
    text = f"until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo done"
    daemon.load("removed", f"concurrency: {{overlap: queue}}\nrun: {text}\n")
    run, queued = daemon.run("removed"), daemon.run("removed")
    eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["state"] == "running")

    daemon.unload("removed")

    assert daemon.request("GET", "/api/v1/jobs/removed")[0] == 404
    assert daemon.get(f"/api/v1/runs/{run}")["state"] == "running"
    (tmp_path / "go").touch()
    assert daemon.ended(run)["state"] == "completed"
    assert daemon.lines(run) == ["done"]
    skipped = daemon.ended(queued)
    assert (skipped["state"], skipped["reason"]) == ("skipped", "removed")


def test_a_running_job_goes_on_as_it_began_and_the_next_attempt_is_as_the_file_says(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    retry = "retry: {attempts: 2, delay: 1h}\n"
    waits = f"until [ -e {tmp_path}/go ]; do sleep 0.02; done"
    daemon.load("edited", f"{retry}run: {waits}; echo first; exit 1\n")
    run = daemon.run("edited")
    eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["state"] == "running")

    daemon.load("edited", f"{retry}run: echo second\n")
    (tmp_path / "go").touch()
    eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["state"] == "retrying")
    daemon.post(f"/api/v1/runs/{run}/retry")

    assert daemon.ended(run)["state"] == "completed"
    assert [daemon.lines(run, attempt=n) for n in (1, 2)] == [["first"], ["second"]]


def test_an_unchanged_job_keeps_its_next_instant_when_others_change(daemon: DaemonProcess) -> None:
    daemon.load("keeps-time", "schedule: {every: 7h}\nrun: 'true'\n")
    due = job(daemon, "keeps-time")["nextAt"]

    daemon.load("changes-time", "schedule: {every: 1h}\nrun: 'true'\n")
    daemon.load("changes-time", "schedule: {every: 5h}\nrun: 'true'\n")

    assert job(daemon, "keeps-time")["nextAt"] == due
    assert job(daemon, "changes-time")["schedule"]["text"] == "every 5 hours"
    assert daemon.get("/api/v1/jobs/changes-time/runs")["total"] == 0


def test_when_many_jobs_would_vanish_all_stay_until_somebody_confirms(daemon: DaemonProcess) -> None:
    names = [f"crowd-{n}" for n in range(12)]
    for name in names:
        daemon.job(name, GOOD)
    reload(daemon)
    for name in names:
        (daemon.jobs / f"{name}.yaml").unlink()

    kept = reload(daemon)

    assert set(names) <= set(kept["stale"])
    assert any("would vanish" in each["message"] for each in kept["problems"])
    assert "would vanish" in page(daemon)
    assert job(daemon, "crowd-3")["stale"] is True
    daemon.rota("reload", "--confirm")
    assert daemon.request("GET", "/api/v1/jobs/crowd-3")[0] == 404
    assert "would vanish" not in page(daemon)


def test_a_run_says_from_which_commit_and_whether_changed_its_file_was(tmp_path: Path) -> None:
    daemon = DaemonProcess(tmp_path)
    daemon.job("nightly", "title: Nightly\nrun: echo one\n")
    commit = committed(daemon.jobs)
    with daemon:
        clean = daemon.ended(daemon.run("nightly"))
        same = daemon.rota("diff", "nightly")
        daemon.load("nightly", "title: Nightly\nrun: echo two\n")
        dirty = daemon.ended(daemon.run("nightly"))
        differs = daemon.rota("diff", clean["id"], check=False)
        shown = [page(daemon, "/jobs/nightly"), page(daemon, f"/runs/{dirty['id']}")]
        daemon.unload("nightly")
        gone = daemon.rota("diff", clean["id"], check=False)

    places = [(run["definition"]["commit"], run["definition"]["dirty"]) for run in (clean, dirty)]
    assert places == [(commit, False), (commit, True)]
    assert (same.returncode, differs.returncode, gone.returncode) == (0, 1, 2)
    assert f"then: nightly.yaml:1 at {commit[:7]}\n" in differs.stdout
    assert "-run: echo one\n+run: echo two\n" in differs.stdout
    for text in shown:
        assert f"at {commit[:7]}, with local changes" in text


def committed(folder: Path) -> str:
    """Make the folder a git repository that holds what is in it; the commit."""
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    done = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()
