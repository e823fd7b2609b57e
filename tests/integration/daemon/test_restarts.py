"""A daemon that ends or is killed, and the next one that takes over: runs, instants and pauses go on."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from daemon_process import DaemonProcess
from eventually import eventually

SECOND = 1000


def until(file: Path) -> str:
    """Shell text that goes on when the file is there."""
    return f"until [ -e {file} ]; do sleep 0.02; done"


def run_now(daemon: DaemonProcess, run: str) -> Any:
    return daemon.get(f"/api/v1/runs/{run}")


def becomes(daemon: DaemonProcess, run: str, state: str) -> Any:
    return eventually(lambda: found if (found := run_now(daemon, run))["state"] == state else None)


def serving_runner(daemon: DaemonProcess) -> int:
    return int((daemon.state / "runner" / ".lock").read_text())


def wait_past(moment: float) -> None:
    """Until the wall clock (seconds) has passed it: here time itself is what the test is about."""
    eventually(lambda: time.time() > moment)


def test_jobs_outlive_a_daemon_that_is_asked_to_end_and_the_next_one_takes_them_back(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    going, ending = tmp_path / "going", tmp_path / "ending"
    daemon.load("going", f"run: echo one; {until(going)}; echo two; exit 3\n")
    daemon.load("ending", f"run: echo one; {until(ending)}; echo two; echo '::output n=2'; exit 4\n")
    first, second = daemon.run("going"), daemon.run("ending")
    pids = [becomes(daemon, run, "running")["pid"] for run in (first, second)]
    runner = serving_runner(daemon)

    assert daemon.stop() == 0
    assert all(Path(f"/proc/{pid}").exists() for pid in pids)
    ending.touch()
    eventually(lambda: not Path(f"/proc/{pids[1]}").exists())
    away_until = time.time() * SECOND
    daemon.start()

    assert serving_runner(daemon) == runner
    assert run_now(daemon, first)["state"] == "running"
    going.touch()
    ended = daemon.ended(first)
    assert (ended["state"], ended["exitCode"], ended["pid"]) == ("failed", 3, pids[0])
    assert daemon.lines(first) == ["one", "two"]
    ended = daemon.ended(second)
    assert (ended["state"], ended["exitCode"], ended["result"]) == ("failed", 4, {"n": "2"})
    assert ended["endedAt"] <= away_until
    assert daemon.lines(second) == ["one", "two"]


def test_a_kill_in_the_middle_of_a_run_of_steps_loses_and_doubles_nothing(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    middle, last = tmp_path / "middle", tmp_path / "last"
    daemon.load(
        "stepped",
        f"""
steps:
  - id: first
    run: echo "::output a=1"; echo "::warning first is odd"; echo first
  - id: second
    run: |
      echo "::progress 1/4 begun"; echo "::output b=2"; echo "::warning before"; echo line 1
      {until(middle)}
      for n in 2 3 4 5; do echo line $n; done
      echo "::progress 3/4 nearly"; echo "::output c=3"; echo "::warning away"
      touch {tmp_path}/said
      {until(last)}
      echo "::progress 4/4 done"; echo "::warning after"; echo line 6
  - id: third
    run: echo "$STEPS_FIRST_OUTPUTS_A$STEPS_SECOND_OUTPUTS_B$STEPS_SECOND_OUTPUTS_C"
""",
    )
    run = daemon.run("stepped")
    eventually(lambda: run_now(daemon, run)["warnings"] == ["first is odd", "before"])

    daemon.kill9()
    middle.touch()
    eventually((tmp_path / "said").exists)
    daemon.start()
    progress = eventually(lambda: (found := run_now(daemon, run))["progress"]["percent"] > 50 and found)
    assert [step["state"] for step in progress["steps"]] == ["completed", "running", "pending"]
    daemon.kill9()
    daemon.start()
    last.touch()

    ended = daemon.ended(run)
    assert (ended["state"], ended["progress"]["percent"]) == ("completed", 100)
    assert ended["warnings"] == ["first is odd", "before", "away", "after"]
    assert ended["result"] == {"a": "1", "b": "2", "c": "3"}
    attempts = [(each["step"], each["n"]) for each in ended["attempts"]]
    assert attempts == [("first", 1), ("second", 1), ("third", 1)]
    assert daemon.lines(run, step="first") == ["first"]
    assert daemon.lines(run, step="second") == [f"line {n}" for n in range(1, 7)]
    assert daemon.lines(run, step="third") == ["123"]


def test_a_kill_during_backoff_changes_neither_the_time_nor_the_number_of_the_next_attempt(
    daemon: DaemonProcess,
) -> None:
    daemon.load("backs-off", "retry: {attempts: 3, delay: 4s}\nrun: test $ROTA_ATTEMPT = 2\n")
    daemon.load("was-due", "retry: {attempts: 3, delay: 1s}\nrun: test $ROTA_ATTEMPT = 3\n")
    later, due = daemon.run("backs-off"), daemon.run("was-due")
    planned = {run: becomes(daemon, run, "retrying")["nextAttemptAt"] for run in (later, due)}

    daemon.kill9()
    wait_past(planned[due] / SECOND)
    daemon.start()

    now = run_now(daemon, later)
    assert len(now["attempts"]) == 2 or now["nextAttemptAt"] == planned[later]
    ended = daemon.ended(due)
    assert (ended["state"], [each["n"] for each in ended["attempts"]]) == ("completed", [1, 2, 3])
    ended = daemon.ended(later)
    assert (ended["state"], [each["n"] for each in ended["attempts"]]) == ("completed", [1, 2])
    assert planned[later] <= ended["attempts"][1]["startedAt"]


def test_a_limit_holds_while_the_daemon_is_away_and_a_cancel_is_not_forgotten(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    number = tmp_path / "pid"
    daemon.load("limited", f"limits: {{timeout: 1s}}\nrun: echo $$ > {number}; exec sleep 300\n")
    daemon.load("stubborn", "limits: {grace: 1s}\nrun: trap '' TERM; echo up; while :; do sleep 0.1; done\n")
    stubborn = daemon.run("stubborn")
    eventually(lambda: daemon.lines(stubborn) == ["up"])
    daemon.post(f"/api/v1/runs/{stubborn}/cancel")
    limited = daemon.run("limited")
    pid = eventually(lambda: number.exists() and number.read_text().strip())

    daemon.kill9()
    eventually(lambda: not Path(f"/proc/{pid}").exists())
    daemon.start()

    ended = daemon.ended(limited)
    assert (ended["reason"], ended["message"]) == ("timeout", "timed out after 1 s")
    assert daemon.ended(stubborn)["state"] == "cancelled"


def test_a_job_outlives_its_runner_and_what_nobody_could_see_is_said_to_be_unknown(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    daemon.load("orphaned", f"run: echo one; {until(go)}; echo two\n")
    daemon.load("after-it", "run: echo fine\n")
    run = daemon.run("orphaned")
    pid = becomes(daemon, run, "running")["pid"]

    os.kill(serving_runner(daemon), signal.SIGKILL)
    assert daemon.ended(daemon.run("after-it"))["state"] == "completed"  # by a runner in its place

    assert Path(f"/proc/{pid}").exists()
    assert run_now(daemon, run)["state"] == "running"
    go.touch()
    ended = daemon.ended(run)
    assert (ended["state"], ended["reason"], ended["exitCode"]) == ("failed", "unknown", None)
    assert ended["message"] == "nobody saw how it ended; it may have succeeded"
    assert daemon.lines(run) == ["one", "two"]


def test_of_what_ended_while_daemon_and_runner_were_both_away_only_what_was_written_down_is_known(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    seen, unseen = tmp_path / "seen", tmp_path / "unseen"
    daemon.load("seen", f"run: {until(seen)}; exit 5\n")
    daemon.load("unseen", f"retry: {{attempts: 2, delay: 0}}\nrun: {until(unseen)}; exit 6\n")
    runs = {job: daemon.run(job) for job in ("seen", "unseen")}
    pids = {job: becomes(daemon, run, "running")["pid"] for job, run in runs.items()}

    daemon.kill9()
    seen.touch()
    eventually(next(daemon.state.glob("runner/seen/1/main.1")).joinpath("exit").exists)
    os.kill(serving_runner(daemon), signal.SIGKILL)
    unseen.touch()
    eventually(lambda: not Path(f"/proc/{pids['unseen']}").exists())
    daemon.start()

    ended = daemon.ended(runs["seen"])
    assert (ended["state"], ended["reason"], ended["exitCode"]) == ("failed", "exit", 5)
    ended = daemon.ended(runs["unseen"])  # nor is it tried again: it may have succeeded
    assert (ended["state"], ended["reason"], ended["attempt"]) == ("failed", "unknown", 1)


def test_after_another_boot_a_run_was_interrupted_and_who_has_its_pid_now_is_left_alone(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    work = f"test $ROTA_ATTEMPT = 2 || {{ {until(go)}; }}"
    daemon.load("backup", f"retry: {{attempts: 2, delay: 0}}\nrun: {work}\n")
    run = daemon.run("backup")
    pid = becomes(daemon, run, "running")["pid"]

    daemon.kill9()
    os.kill(serving_runner(daemon), signal.SIGKILL)
    be_of_another_boot(daemon)
    daemon.start()

    ended = daemon.ended(run)
    assert [each["reason"] for each in ended["attempts"]] == ["interrupted", "exit"]
    assert ended["state"] == "completed"
    assert Path(f"/proc/{pid}").exists()
    go.touch()
    eventually(lambda: not Path(f"/proc/{pid}").exists())


def be_of_another_boot(daemon: DaemonProcess) -> None:
    """All that was running when this is called was started before the host went down."""
    boot = "00000000-0000-4000-8000-000000000000"
    for file in daemon.state.glob("runner/*/*/*/pid"):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"bootId": boot}))
    with closing(sqlite3.connect(daemon.state / "ledger.db")) as ledger:
        ledger.execute("UPDATE attempts SET boot_id = ?", [boot])
        ledger.commit()


def test_branches_of_a_graph_and_places_in_a_pool_are_held_over_a_kill(tmp_path: Path) -> None:
    (tmp_path / "rota.yaml").write_text("pools: {narrow: 1}\n")
    go, two, three = (tmp_path / name for name in ("go", "two", "three"))
    with DaemonProcess(tmp_path, arguments=("--config", str(tmp_path / "rota.yaml"))) as daemon:
        daemon.load("holds", f"concurrency: {{pool: narrow}}\nrun: {until(go)}\n")
        daemon.load("waits", "concurrency: {pool: narrow}\nrun: 'true'\n")
        daemon.load(
            "graph",
            f"""
steps:
  - {{id: one, run: 'echo ::output a=1'}}
  - {{id: two, needs: [one], run: '{until(two)}; echo ::output b=2'}}
  - {{id: three, needs: [one], run: '{until(three)}; echo ::output c=3'}}
  - id: four
    needs: [two, three]
    run: echo $STEPS_ONE_OUTPUTS_A$STEPS_TWO_OUTPUTS_B$STEPS_THREE_OUTPUTS_C
""",
        )
        holder, waiter, graph = daemon.run("holds"), daemon.run("waits"), daemon.run("graph")
        becomes(daemon, holder, "running")
        eventually(lambda: states_of_steps(daemon, graph) == ["completed", "running", "running", "pending"])

        daemon.kill9()
        two.touch()
        eventually(next(daemon.state.glob("runner/graph/1/two.1")).joinpath("exit").exists)
        daemon.start()

        eventually(lambda: states_of_steps(daemon, graph) == ["completed", "completed", "running", "pending"])
        assert (run_now(daemon, waiter)["state"], run_now(daemon, holder)["state"]) == ("pending", "running")
        three.touch()
        assert daemon.ended(graph)["state"] == "completed"
        assert daemon.lines(graph, step="four") == ["123"]
        go.touch()
        ended = [daemon.ended(run) for run in (holder, waiter)]
        assert [run["state"] for run in ended] == ["completed", "completed"]
        assert ended[0]["endedAt"] <= ended[1]["startedAt"]


def states_of_steps(daemon: DaemonProcess, run: str) -> list[str]:
    return [step["state"] for step in run_now(daemon, run)["steps"]]


def test_queue_pause_and_history_outlive_a_kill(daemon: DaemonProcess, tmp_path: Path) -> None:
    go = tmp_path / "go"
    text = f"run: {until(go)}; echo $PARAM_N >> {tmp_path}/order\n"
    daemon.load("waits", "params: {n: {type: integer}}\nconcurrency: {overlap: queue}\n" + text)
    daemon.load("rests", "run: 'true'\n")
    daemon.load("failed-once", "run: echo badly; exit 9\n")
    runs = [daemon.run("waits", n=n) for n in range(3)]
    becomes(daemon, runs[0], "running")
    daemon.rota("pause", "rests", "--note", "for long")
    bad = daemon.ended(daemon.run("failed-once"))

    daemon.kill9()
    daemon.start()

    jobs = {each["id"]: each for each in daemon.get("/api/v1/jobs")["jobs"]}
    assert (jobs["rests"]["state"], jobs["rests"]["paused"]["note"]) == ("paused", "for long")
    assert (jobs["waits"]["running"], jobs["waits"]["queued"]) == (runs[:1], runs[1:])
    assert jobs["failed-once"]["state"] == "failed"
    assert run_now(daemon, bad["id"]) == bad
    assert daemon.lines(bad["id"]) == ["badly"]
    assert eventually(lambda: daemon.get("/api/v1/jobs/failed-once")["lastRun"])["exitCode"] == 9
    go.touch()
    assert [daemon.ended(run)["state"] for run in runs] == ["completed"] * 3
    assert (tmp_path / "order").read_text().split() == ["0", "1", "2"]


def test_instants_of_a_downtime_are_answered_by_the_policy_of_their_job(tmp_path: Path) -> None:
    rows = _over_a_downtime(DaemonProcess(tmp_path))

    for job in ("skip", "latest", "all"):
        _each_second_is_answered_once(rows[job])
    missed = {job: [row for row in rows[job] if _was_missed(row)] for job in rows}
    (skipped,) = missed["skip"]
    assert (skipped["state"], skipped["count"] >= 3) == ("skipped", True)
    assert skipped["message"] == "missed: nothing could run then, and this job does not catch up"
    older, latest = missed["latest"]
    assert (older["reason"], older["count"] >= 2) == ("missed", True)
    assert older["message"] == "missed: nothing could run then; a later one runs instead"
    assert (latest["state"], latest["trigger"]) == ("completed", "catch_up")
    assert len(missed["all"]) >= 3
    assert {(row["state"], row["count"]) for row in missed["all"]} == {("completed", 1)}
    begun = [row["startedAt"] for row in missed["all"]]
    assert begun == sorted(begun)  # oldest first, one after another
    assert all(row["endedAt"] <= then for row, then in zip(missed["all"], begun[1:], strict=False))
    assert (missed["new"], missed["changes"]) == ([], [])  # they owe nothing older than their load


def _over_a_downtime(daemon: DaemonProcess) -> dict[str, list[Any]]:
    """The rows of five jobs of which two are new or changed after a downtime of three seconds."""
    known = ("skip", "latest", "all", "changes")
    for job in known:
        daemon.job(job, _every_second("all" if job == "changes" else job))
    with daemon:
        eventually(lambda: all(_rows(daemon, job) for job in known))
        daemon.stop()
        down = time.time()
        daemon.job("new", _every_second("all"))
        daemon.job("changes", _every_second("all").replace("every: 1s", "every: 2s"))
        wait_past(down + 3)
        daemon.start()
        eventually(lambda: all(_is_settled(_rows(daemon, job), down + 4) for job in (*known, "new")))
        return {job: _rows(daemon, job) for job in (*known, "new")}


def _every_second(policy: str) -> str:
    return f"schedule: {{every: 1s}}\nmissed: {policy}\nconcurrency: {{max: 5}}\nrun: 'true'\n"


def _rows(daemon: DaemonProcess, job: str) -> list[Any]:
    """Its answers to due instants, oldest first."""
    found = daemon.get(f"/api/v1/jobs/{job}/runs?limit=200")["runs"]
    return sorted(found, key=lambda run: run["scheduledFor"])


def _was_missed(row: Any) -> bool:
    return bool(row["reason"] == "missed" or row["trigger"] == "catch_up")


def _is_settled(rows: list[Any], up: float) -> bool:
    """All that was missed has its end, and the job runs by its schedule again."""
    again = [row for row in rows if row["scheduledFor"] > up * SECOND and not _was_missed(row)]
    open_ = [row for row in rows if _was_missed(row) and row["endedAt"] is None]
    return bool(again) and not open_


def _each_second_is_answered_once(rows: list[Any]) -> None:
    due = rows[0]["scheduledFor"]
    for row in rows:
        assert row["scheduledFor"] == due
        due = (row["lastDueAt"] or due) + SECOND
