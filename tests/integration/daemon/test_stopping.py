"""Ends that a job did not choose, and new beginnings: timeout, cancel, retry."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from daemon_process import DaemonProcess
from eventually import eventually
from runner_process import is_alive

# A tree that wants to live: a grandchild in a session of its own whose parents are gone, deaf to SIGTERM.
TREE = """
limits: {{timeout: 3s, grace: 1s}}
run: |
  ( setsid bash -c 'trap "" TERM; echo $$ > {folder}/deaf; while :; do sleep 0.1; done' & )
  bash -c 'echo $$ > {folder}/child; sleep 300' &
  echo $$ > {folder}/shell
  wait
"""


def pids(folder: Path) -> list[int]:
    return [int(path.read_text()) for path in sorted(folder.iterdir()) if path.read_text().strip()]


def waiting_after(daemon: DaemonProcess, run: str, attempt: int) -> Any:
    """The run, once it waits for the time of its next attempt after that one."""
    found = daemon.get(f"/api/v1/runs/{run}")
    return found if found["nextAttemptAt"] is not None and found["attempt"] == attempt else None


def state_of(daemon: DaemonProcess, run: str) -> Any:
    return daemon.get(f"/api/v1/runs/{run}")["state"]


def test_a_timeout_ends_the_whole_tree_also_a_grandchild_that_left_it(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    daemon.load("hangs", TREE.format(folder=tmp_path))

    run = daemon.run("hangs")
    eventually(lambda: len(pids(tmp_path)) == 3)
    tree = pids(tmp_path)
    assert all(is_alive(pid) for pid in tree)
    ended = daemon.ended(run)

    assert (ended["state"], ended["reason"]) == ("failed", "timeout")
    assert ended["message"] == "timed out after 3 s"
    assert not any(is_alive(pid) for pid in tree)
    assert ended["endedAt"] - ended["startedAt"] >= 4000  # its timeout, then its grace time


def test_the_timeout_of_a_job_covers_all_its_steps(daemon: DaemonProcess) -> None:
    text = "limits: {timeout: 3s}\nsteps: [{id: first, run: sleep 1.6}, {id: second, run: sleep 1.6}]\n"
    daemon.load("slow-steps", text)

    ended = daemon.ended(daemon.run("slow-steps"))

    assert [(step["id"], step["state"], step["reason"]) for step in ended["steps"]] == [
        ("first", "completed", "exit"),
        ("second", "failed", "timeout"),
    ]


def test_cancel_lets_the_job_tidy_up(daemon: DaemonProcess) -> None:
    text = "run: trap 'echo tidied; exit 3' TERM; echo begun; sleep 300 & wait\n"
    daemon.load("tidy", text)
    run = daemon.run("tidy")
    eventually(lambda: daemon.lines(run) == ["begun"])

    asked = daemon.post(f"/api/v1/runs/{run}/cancel")

    assert asked["cancelRequestedAt"] is not None
    ended = daemon.ended(run)
    assert (ended["state"], ended["reason"], ended["exitCode"]) == ("cancelled", "cancelled", 3)
    assert daemon.lines(run) == ["begun", "tidied"]


def test_cancel_kills_after_the_grace_time(daemon: DaemonProcess) -> None:
    text = "limits: {grace: 1s}\nrun: trap '' TERM; echo begun; while :; do sleep 0.05; done\n"
    daemon.load("deaf", text)
    run = daemon.run("deaf")
    eventually(lambda: daemon.lines(run) == ["begun"])

    daemon.post(f"/api/v1/runs/{run}/cancel")

    assert daemon.ended(run)["message"] == "cancelled: killed by SIGKILL"


def test_cancel_now_does_not_wait_for_the_grace_time(daemon: DaemonProcess) -> None:
    text = "limits: {grace: 1h}\nrun: trap '' TERM; echo begun; while :; do sleep 0.05; done\n"
    daemon.load("deafer", text)
    run = daemon.run("deafer")
    eventually(lambda: daemon.lines(run) == ["begun"])
    daemon.post(f"/api/v1/runs/{run}/cancel")

    daemon.rota("cancel", run, "--now")

    assert daemon.ended(run)["state"] == "cancelled"


def test_a_job_that_ends_well_because_it_was_asked_to_end_is_cancelled_all_the_same(
    daemon: DaemonProcess,
) -> None:
    daemon.load("obeys", "run: trap 'exit 0' TERM; echo begun; sleep 300 & wait\n")
    run = daemon.run("obeys")
    eventually(lambda: daemon.lines(run) == ["begun"])

    daemon.post(f"/api/v1/runs/{run}/cancel")

    ended = daemon.ended(run)
    assert (ended["state"], ended["exitCode"]) == ("cancelled", 0)


RETRIES = """
retry: {attempts: 3, delay: 1h}
run: echo "attempt $ROTA_ATTEMPT"; exit 1
"""


def test_a_run_that_waits_for_its_next_attempt_can_be_cancelled(daemon: DaemonProcess) -> None:
    daemon.load("retries", RETRIES)
    run = daemon.run("retries")
    eventually(lambda: state_of(daemon, run) == "retrying")

    cancelled = daemon.post(f"/api/v1/runs/{run}/cancel")

    assert (cancelled["state"], cancelled["attempt"]) == ("cancelled", 1)
    assert cancelled["nextAttemptAt"] is None
    status, problem = daemon.request("POST", f"/api/v1/runs/{run}/cancel", {})
    assert (status, "has already ended" in problem["detail"]) == (409, True)


def test_the_next_attempt_can_be_had_now(daemon: DaemonProcess) -> None:
    daemon.load("retries-now", RETRIES)
    run = daemon.run("retries-now")
    eventually(lambda: waiting_after(daemon, run, 1))

    daemon.post(f"/api/v1/runs/{run}/retry")
    eventually(lambda: waiting_after(daemon, run, 2))
    daemon.rota("retry", run)

    ended = daemon.ended(run)
    assert (ended["state"], ended["attempt"]) == ("failed", 3)
    assert [each["n"] for each in ended["attempts"]] == [1, 2, 3]
    assert [daemon.lines(run, attempt=n) for n in (1, 2, 3)] == [[f"attempt {n}"] for n in (1, 2, 3)]


def test_a_failed_run_is_retried_from_the_step_that_failed(daemon: DaemonProcess, tmp_path: Path) -> None:
    text = f"""
params: {{name: {{type: string, default: world}}}}
steps:
  - {{id: dump, run: 'echo dump >> {tmp_path}/done; echo "::output size=5"'}}
  - {{id: verify, run: 'test -e {tmp_path}/mended; echo "$PARAM_NAME $STEPS_DUMP_OUTPUTS_SIZE"'}}
  - {{id: prune, run: 'echo prune >> {tmp_path}/done'}}
"""
    daemon.load("mended", text)
    failed = daemon.ended(daemon.run("mended", name="moon"))
    assert [step["state"] for step in failed["steps"]] == ["completed", "failed", "skipped"]

    (tmp_path / "mended").touch()
    again = daemon.post(f"/api/v1/runs/{failed['id']}/retry")

    assert (again["retryOf"], again["trigger"]) == (failed["id"], "retry")
    ended = daemon.ended(again["id"])
    assert ended["state"] == "completed"
    assert [step["state"] for step in ended["steps"]] == ["completed"] * 3
    assert [each["step"] for each in ended["attempts"]] == ["verify", "prune"]
    assert daemon.lines(ended["id"], step="verify") == ["moon 5"]
    assert (tmp_path / "done").read_text().split() == ["dump", "prune"]
    assert daemon.request("POST", f"/api/v1/runs/{ended['id']}/retry", {})[0] == 409


def test_attempts_of_one_run_go_on_from_the_failed_step_too(daemon: DaemonProcess, tmp_path: Path) -> None:
    text = f"""
retry: {{attempts: 3, delay: 0}}
steps:
  - {{id: dump, run: 'echo dump >> {tmp_path}/done'}}
  - {{id: verify, run: 'test "$ROTA_ATTEMPT" = 3'}}
"""
    daemon.load("thrice", text)

    ended = daemon.ended(daemon.run("thrice"))

    assert (ended["state"], ended["attempt"]) == ("completed", 3)
    assert [(each["step"], each["n"]) for each in ended["attempts"]] == [
        ("dump", 1),
        ("verify", 1),
        ("verify", 2),
        ("verify", 3),
    ]
    assert (tmp_path / "done").read_text().split() == ["dump"]


def test_the_delay_grows_up_to_its_limit(daemon: DaemonProcess) -> None:
    retry = "retry: {attempts: 4, backoff: exponential, delay: 1h, max_delay: 90m}\n"
    daemon.load("grows", f"{retry}run: exit 1\n")
    run, delays = daemon.run("grows"), []
    for n in (1, 2, 3):
        found = eventually(partial(waiting_after, daemon, run, n))
        delays.append(found["nextAttemptAt"] - found["attempts"][-1]["endedAt"])
        daemon.post(f"/api/v1/runs/{run}/retry")

    assert daemon.ended(run)["state"] == "failed"
    assert [round(delay / 60_000) for delay in delays] == [60, 90, 90]
