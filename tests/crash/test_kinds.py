"""What people and conditions make of due instants, under kills by SIGKILL: skips, ends, renames.

Chains, pools, locks and what else a job may be are under the kills of test_kills.

`ROTA_TEST_KILLS=60` makes it longer; then some of the downtimes are so long that instants are missed.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from crash.killing import Killer, come_to_rest, let_it_run
from crash.witness import SECOND, Row, each_instant_is_answered_once, read_ledger
from daemon_process import DaemonProcess
from eventually import eventually

KILLS = int(os.environ.get("ROTA_TEST_KILLS", "6"))
RESTS = 2
EACH_SECOND = "schedule: {every: 1s}\nmissed: all\n"
PATIENT = "overlap: queue, queue: 100"
CALENDAR = ("asking", "wished", "called")


class Ran(NamedTuple):
    """One attempt as the job itself tells it, in ms since the epoch."""

    job: str
    attempt: str
    begin: int
    end: int


@pytest.mark.timeout(300 + 25 * KILLS)
def test_no_kind_of_due_instant_is_lost_or_doubled_by_kills_at_random_moments(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    chance = random.Random(KILLS)
    killer = Killer(daemon, chance)
    gate, witness = tmp_path / "gate", tmp_path / "witness"
    _write_jobs(daemon, witness, gate)

    with daemon:
        for n in range(KILLS):
            let_it_run(daemon, chance.uniform(0.4, 1.6))
            daemon.request("POST", "/api/v1/jobs/wished/skip", {})
            gate.unlink() if gate.exists() else gate.touch()
            if n == KILLS // 2:  # read by the daemon that follows, or by this one
                _rename(daemon, witness)
            killer.kill(chance.choice(("daemon", "runner", "both")), down=11 if n % 10 == 9 else 0)
        _let_it_rest_often_enough(daemon)
        come_to_rest(daemon, off=_off, within=60 + 10 * KILLS)
        daemon.stop()

    rows, ran = read_ledger(daemon.state), _read_witness(witness)
    _nothing_ran_twice_or_unrecorded(rows, ran)
    for job in CALENDAR:
        each_instant_is_answered_once([row for row in rows if row.job == job])
    assert not [row for row in rows if row.job == "known-as"]  # all of it came along
    _what_counts_from_the_end_has_waited_for_it(daemon.state)
    print(_summary(rows, ran))  # noqa: T201  the counts are the result, shown with -s


def _write_jobs(daemon: DaemonProcess, witness: Path, gate: Path) -> None:
    condition = f'condition: {{run: "test -e {gate}"}}\n'
    daemon.job("asking", EACH_SECOND + condition + _work(witness, f"{{max: 4, {PATIENT}}}"))
    daemon.job("wished", EACH_SECOND + _work(witness, f"{{max: 4, {PATIENT}}}"))
    daemon.job("known-as", EACH_SECOND + _work(witness, f"{{max: 4, {PATIENT}}}"))
    daemon.job("resting", "schedule: {every: 1s, from: end}\n" + _work(witness, "{max: 2}", "0.5"))


def _work(witness: Path, concurrency: str, seconds: str = "0") -> str:
    return (
        f"shell: sh\nconcurrency: {concurrency}\nrun: |\n"
        f'  begin=$(date +%s%3N)\n  echo "$ROTA_JOB $ROTA_ATTEMPT_ID $begin" >> {witness}\n'
        f'  sleep {seconds}\n  echo "$ROTA_JOB $ROTA_ATTEMPT_ID $begin $(date +%s%3N)" >> {witness}\n'
    )


def _rename(daemon: DaemonProcess, witness: Path) -> None:
    daemon.job("called", EACH_SECOND + "renamed_from: known-as\n" + _work(witness, f"{{max: 4, {PATIENT}}}"))
    (daemon.jobs / "known-as.yaml").unlink()


def _let_it_rest_often_enough(daemon: DaemonProcess) -> None:
    """On a slow machine few of its runs fit between the kills."""
    eventually(lambda: daemon.get("/api/v1/jobs/resting/runs?limit=1")["total"] > RESTS, within=60)


def _off(text: str) -> str:
    """Without what the calendar makes due."""
    return text.replace("schedule:", "description: off\n# schedule:")


def _read_witness(witness: Path) -> list[Ran]:
    """Who has begun and has not ended goes on for ever, which nothing here does."""
    lines = [line.split() for line in witness.read_text().splitlines()]
    begun = Counter(attempt for _, attempt, *times in lines if len(times) == 1)
    ran = [Ran(job, attempt, int(times[0]), int(times[1])) for job, attempt, *times in lines if times[1:]]
    assert begun == Counter(each.attempt for each in ran)
    return ran


def _nothing_ran_twice_or_unrecorded(rows: Sequence[Row], ran: Sequence[Ran]) -> None:
    run_of = {attempt: (row.job, row.number) for row in rows for attempt in row.attempts}
    lost = [each for each in ran if each.attempt not in run_of]
    assert not lost, f"started, and not in the ledger: {lost}"
    twice = [run for run, count in Counter(run_of[each.attempt] for each in ran).items() if count > 1]
    assert not twice, f"started twice: {twice}"
    seen = {each.attempt for each in ran}
    invented = [row for row in rows if row.state == "completed" and not seen.intersection(row.attempts)]
    assert not invented, f"recorded as completed, and never started: {invented}"
    odd = [row for row in rows if row.state not in ("completed", "skipped") and row.reason != "unknown"]
    assert not odd, f"ended otherwise than it can have: {odd}"


def _what_counts_from_the_end_has_waited_for_it(state: Path) -> None:
    with closing(sqlite3.connect(f"file:{state / 'ledger.db'}?mode=ro", uri=True)) as ledger:
        rows = ledger.execute(
            "SELECT number, state, reason, due_at, ended_at FROM runs WHERE job = 'resting' ORDER BY number"
        ).fetchall()
    assert len(rows) > RESTS
    for before, row in pairwise(rows):
        assert row[3] >= before[4] + SECOND, f"{row} did not wait for the end of {before}"


def _summary(rows: Sequence[Row], ran: Sequence[Ran]) -> str:
    skips = Counter(str(row.reason) for row in rows if row.state == "skipped" for _ in range(row.count))
    unknown = sum(row.reason == "unknown" for row in rows)
    return (
        f"{KILLS} kills: {sum(row.count for row in rows)} due instants, {len(ran)} starts, "
        f"{unknown} ends that nobody saw, skips {dict(skips)}, 0 lost, 0 doubled"
    )
