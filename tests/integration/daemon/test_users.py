"""`as` from the job file to the page, with a real daemon and the runner that it starts."""

from __future__ import annotations

import os
import pwd

import pytest

from daemon_process import DaemonProcess
from eventually import eventually

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become others")


def test_umask_and_nice_hold_with_any_runner(daemon: DaemonProcess) -> None:
    daemon.load("kind", 'run: umask; nice\nas: {umask: "027", nice: 5}\n')

    run = daemon.ended(daemon.run("kind"))

    me = pwd.getpwuid(os.geteuid()).pw_name
    assert daemon.lines(run["id"]) == ["0027", "5"]
    assert run["user"] == me
    assert f"{me}, umask 027, nice 5" in _flat(daemon.rota("status", "kind").stdout)
    assert f"as user {me}, umask 027, nice 5 in" in _flat(daemon.rota("env", "kind").stderr)


@only_root
def test_a_job_of_another_user_has_its_home_and_environment(daemon: DaemonProcess) -> None:
    daemon.load("other", "run: id -un; echo $USER $HOME; pwd\nas: {user: daemon}\n")
    home = pwd.getpwnam("daemon").pw_dir

    run = daemon.ended(daemon.run("other"))

    assert daemon.lines(run["id"]) == ["daemon", f"daemon {home}", home]
    assert (run["state"], run["user"]) == ("completed", "daemon")


def test_a_user_that_can_not_be_had_is_refused_and_said_before(daemon: DaemonProcess) -> None:
    user, said = ("no-such-user", "There is no user") if os.geteuid() == 0 else ("root", "can't become root")
    daemon.load("never", f"run: id\nas: {{user: {user}}}\n")

    run = daemon.ended(daemon.run("never"))
    env = daemon.rota("env", "never", check=False)

    assert (run["state"], run["reason"]) == ("failed", "refused")
    assert said in run["message"]
    assert env.returncode == 1
    assert said in env.stderr


@only_root
def test_a_job_file_that_others_can_write_is_not_run_by_root(daemon: DaemonProcess) -> None:
    daemon.load("open", "run: id\n")
    path = daemon.jobs / "open.yaml"
    path.chmod(0o666)
    daemon.post("/api/v1/reload")

    refused = daemon.ended(daemon.run("open"))
    problem = eventually(lambda: next(iter(daemon.get("/api/v1/jobs/open")["problems"]), None))
    why = daemon.rota("why", "open").stdout
    path.chmod(0o644)
    daemon.post("/api/v1/reload")
    ran = daemon.ended(daemon.run("open"))

    assert (refused["state"], refused["reason"]) == ("failed", "refused")
    assert f"chmod go-w {path}" in refused["message"]
    assert (problem["severity"], problem["hint"]) == ("error", f"chmod go-w {path}")
    assert "the runner is root" in _flat(why)
    assert ran["state"] == "completed"


@only_root
def test_a_trial_runs_as_the_user_too_and_gives_it_its_outputs(daemon: DaemonProcess) -> None:
    file = daemon.folder / "trial.yaml"
    file.write_text('run: id -un; echo "size=7" > "$ROTA_OUTPUT"\nas: {user: daemon}\n')

    tried = daemon.rota("try", str(file), "--json")

    assert '"size": "7"' in tried.stdout
    assert "daemon" in tried.stderr


def _flat(text: str) -> str:
    return " ".join(text.split())
