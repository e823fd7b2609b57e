"""Runs a second of a backlog: N jobs due at once that print a line each; rota, its peers and cron in one run.

    .venv/bin/python bench/throughput.py [--jobs 1000] [--quick]

The schedulers take turns, a minute each. Output is kept and the page is on where they have one; rota and
cronstable have their durable store, and rota its default `max_running`. Counted is from the due instant to
the last job's own witness. The second rota starts everything at once, as the others do by default.
`--quick` is rota alone with 300 jobs, which needs no minute to begin.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import debian_cron
import peers
from measure import by_command, table, usage
from waiting import next_minute, wait_for, wait_until

ROTA, ALL_AT_ONCE, QUICK_JOBS = "rota", "rota, max_running 10000", 300
SETTLE = timedelta(seconds=20)  # to read the jobs
LAST = timedelta(seconds=56)  # after the due instant: what has not run then is not counted
PORT = 18800


@dataclass(frozen=True, slots=True)
class Outcome:
    """`seconds` from the due instant to the last witness; `recorded` until rota's ledger knew all ends."""

    runs: int
    seconds: float
    cpu: float
    recorded: float | None = None

    @property
    def a_second(self) -> float:
        return self.runs / self.seconds if self.seconds > 0 else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="rota alone, under a minute")
    options = parser.parse_args()
    count = QUICK_JOBS if options.quick else options.jobs
    names = [ROTA, ALL_AT_ONCE] if options.quick else [ROTA, ALL_AT_ONCE, *_others()]
    outcomes: dict[str, Outcome] = {}
    for turn, name in enumerate(names):
        with tempfile.TemporaryDirectory() as folder:
            outcomes[name] = _take_turn(name, Path(folder), count, PORT + 10 * turn, quick=options.quick)
    _report(count, outcomes)


def _others() -> list[str]:
    peers.install()
    why_not = debian_cron.why_not()
    if why_not:
        print(f"{debian_cron.CRON} takes no part: {why_not}")
    return ["yacron", "cronstable", *([] if why_not else [debian_cron.CRON])]


def _take_turn(name: str, folder: Path, count: int, port: int, *, quick: bool) -> Outcome:
    witness = folder / "witness"
    witness.mkdir()
    due = _soon() if quick else next_minute(SETTLE)
    jobs = [_job(n, witness, due, exact=quick) for n in range(count)]
    contender = _contender(name, folder, jobs, port)
    env = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    with peers.running(contender.command, env, folder / "log"):
        wait_until(due - timedelta(seconds=1))
        before = _cpu(folder)
        wait_for(lambda: sum(1 for _ in witness.iterdir()) == count, due + LAST)
        recorded = _recorded(port, count, due) if name.startswith(ROTA) else None
        wait_until(datetime.now(UTC) + timedelta(seconds=1))
        cpu = _cpu(folder) - before
    ends = [path.stat().st_mtime - due.timestamp() for path in witness.iterdir()]
    return Outcome(len(ends), max(ends, default=0.0), cpu, recorded)


def _job(n: int, witness: Path, due: datetime, *, exact: bool) -> peers.JobLine:
    argv = ("/bin/sh", "-c", f"echo the line of job {n}; : > {witness / str(n)}")
    return peers.JobLine(f"job-{n}", argv, due.minute, due.hour, due if exact else None)


def _contender(name: str, folder: Path, jobs: list[peers.JobLine], port: int) -> peers.Contender:
    if name == debian_cron.CRON:
        return debian_cron.contender(folder, jobs)
    settings = "max_running: 10000\n" if name == ALL_AT_ONCE else ""
    all_of_them = peers.contenders(folder, jobs, port, settings=settings)
    return next(each for each in all_of_them if name.startswith(each.name))


def _cpu(folder: Path) -> float:
    """Of all that was started for this turn: the folder's name stands in every command line."""
    return usage(by_command(str(folder))).cpu


def _recorded(port: int, count: int, due: datetime) -> float:
    """Seconds from the due instant until the ledger has the end of every run."""
    url = f"http://127.0.0.1:{port}/api/v1/runs?state=completed&limit=1"

    def is_whole() -> bool:
        with urllib.request.urlopen(url) as answer:
            return int(json.load(answer)["total"]) >= count

    wait_for(is_whole, due + LAST)
    return time.time() - due.timestamp()


def _soon() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=12)


def _report(jobs: int, outcomes: dict[str, Outcome]) -> None:
    rows = [
        [
            name,
            f"{each.a_second:.0f}",
            f"{each.seconds:.2f}",
            f"{1000 * each.cpu / max(1, each.runs):.2f}",
            str(jobs - each.runs),
        ]
        for name, each in outcomes.items()
    ]
    print(f"{jobs} jobs of `sh -c 'echo …; : > witness'`, all due at once")
    print(table(["", "runs a second", "wall s", "CPU ms a run", "not run"], rows))
    for name, each in outcomes.items():
        if each.recorded is not None:
            print(f"{name}: all ends were in its ledger after {each.recorded:.2f} s (looked at every 0.1 s)")
        elif each.a_second > 0:
            print(f"runs a second of rota over {name}: {outcomes[ROTA].a_second / each.a_second:.3g}x")


if __name__ == "__main__":
    main()
