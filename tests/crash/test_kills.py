"""Daemon and runner killed by SIGKILL while jobs of every kind are due; the jobs' own file judges.

`make soak` is the long profile: 1,000 kills, or as many as `ROTA_SOAK_KILLS` says.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from crash import laws
from crash.killing import Killer, come_to_rest, keep_up, let_it_run
from crash.load import CONFIG, LINES, jobs
from daemon_process import DaemonProcess
from eventually import eventually

KILLS = int(os.environ.get("ROTA_SOAK_KILLS", "10"))
MOST_OPEN = 150  # runs
SEED = int(os.environ.get("ROTA_SOAK_SEED", str(KILLS)))


@pytest.mark.timeout(300 + 10 * KILLS)
def test_nothing_is_lost_or_doubled_by_kills_at_random_moments(tmp_path: Path) -> None:
    config, witness = tmp_path / "rota.yaml", tmp_path / "witness"
    config.write_text(CONFIG)
    daemon = DaemonProcess(tmp_path, arguments=("--config", str(config)))
    kinds, chance = jobs(witness), Random(SEED)
    for job, kind in kinds.items():
        daemon.job(job, kind.text)
    killer = Killer(daemon, chance)

    with daemon:
        assert daemon.ready["jobs"] == len(kinds)
        began = time.monotonic()
        while killer.count.total() < KILLS:
            let_it_run(daemon, chance.uniform(0.0, 0.6))
            keep_up(daemon, MOST_OPEN)
            killer.kill_any()
        took = time.monotonic() - began
        # On a fast machine the kills are over before the rarest of them was due.
        eventually(lambda: _jobs_in(witness) == set(kinds), within=120)
        come_to_rest(daemon, off=_off, within=180 + KILLS)
        logs = _logs(daemon, "long-0")
        daemon.stop()
        eventually(lambda: not laws.left_processes(daemon.state))

    found = laws.gather(daemon.state, witness)
    print(_summary(found, killer.count, took, daemon.log))  # noqa: T201  the counts are the result
    laws.judge(found, kinds)
    laws.each_end_has_led_to_what_comes_after_it(daemon.state)
    print("0 lost, 0 doubled, 0 left processes")  # noqa: T201  every law held
    assert {each.job for each in found.began.values()} == set(kinds)
    assert all(log == [f"line {n}" for n in range(1, LINES + 1)] for log in logs)


def _off(text: str) -> str:
    """Without what the calendar makes due."""
    return text.replace("schedule: {every", "description: off\n# schedule: {every")


def _jobs_in(witness: Path) -> set[str]:
    return {line.split()[0] for line in witness.read_text().splitlines()}


def _logs(daemon: DaemonProcess, job: str) -> list[list[str]]:
    runs = daemon.get(f"/api/v1/runs?job={job}&state=completed&limit=50")["runs"]
    return [daemon.lines(run["id"]) for run in runs]


def _summary(found: laws.Evidence, kills: Counter[str], took: float, log: Path) -> str:
    skips = Counter(str(row.reason) for row in found.rows if row.state == "skipped" for _ in range(row.count))
    ends = Counter(state for state, _ in found.states.values())
    children = Counter(end[0] for run, end in found.states.items() if run.count(".") > 1)
    unknown = sum(reason == "unknown" for _, reason in found.states.values())
    return "\n".join(
        (
            "",
            f"{kills.total()} kills in {took:.0f} s: {dict(kills)}, seed {SEED}",
            f"{sum(row.count for row in found.rows)} due instants, {len(found.states)} runs: {dict(ends)}",
            f"{len(found.began)} starts, {len(found.ended)} ends, {unknown} runs whose end nobody saw",
            f"of these {children.total()} children: {dict(children)}",
            f"skipped: {dict(skips)}",
            f"taken back after a start: {dict(_taken_back(log))}",
        )
    )


def _taken_back(log: Path) -> Counter[str]:
    """Attempts that were under way when their daemon died, by what became of them."""
    lines = (line for line in log.read_text(errors="replace").splitlines() if "run.recovered" in line)
    return Counter(str(json.loads(line)["decision"]) for line in lines)
