"""10,000 jobs due in the same second: how late each starts, and how soon page and API answer meanwhile.

    .venv/bin/python bench/crowd.py [--jobs 10000] [--quick]

Each job is `touch FILE`; its delay is the file's time minus the due instant. From the due instant to the last
start somebody asks for the page, for the API and for `/healthz` without a pause, each over a connection of
its own: the longest that `/healthz`, which costs nothing, took bounds how long the loop stood still.
`--quick` is 1,000 jobs. The peers are in start_delay.py: 10,000 are more than they start in some minutes.
"""

from __future__ import annotations

import argparse
import http.client
import os
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import peers
from measure import by_command, percentile, table, usage, verdict

GOAL_STALL_MS, GOAL_ANSWER_MS = 20.0, 100.0
HEALTH = "/healthz"
ASKED = {"/": 0.5, "/api/v1/jobs?limit=100": 0.2, HEALTH: 0.005}  # path, and the pause after an answer
LAST = timedelta(seconds=240)
PORT = 18900


@dataclass
class Seen:
    """Delays of starts in s, and by path what each answer took in ms."""

    delays: list[float] = field(default_factory=list)
    answers: dict[str, list[float]] = field(default_factory=lambda: {path: [] for path in ASKED})
    cpu: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="1,000 jobs, under a minute")
    options = parser.parse_args()
    jobs = 1000 if options.quick else options.jobs
    with tempfile.TemporaryDirectory() as folder:
        seen = _measure(Path(folder), jobs)
    _report(jobs, seen)


def _measure(folder: Path, count: int) -> Seen:
    witness = folder / "witness"
    witness.mkdir()
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=10 + count / 500)
    jobs = [
        peers.JobLine(f"job-{n}", ("/usr/bin/touch", str(witness / str(n))), due.minute, due.hour, due)
        for n in range(count)
    ]
    rota = peers.contenders(folder, jobs, PORT)[0]
    seen, over = Seen(), Event()
    env = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    with peers.running(rota.command, env, folder / "log"):
        Event().wait(max(0.0, due.timestamp() - time.time() - 0.5))
        before = usage(by_command(str(folder))).cpu
        asking = [Thread(target=_ask, args=(path, pause, seen, over)) for path, pause in ASKED.items()]
        for each in asking:
            each.start()
        while sum(1 for _ in witness.iterdir()) < count and datetime.now(UTC) < due + LAST:
            Event().wait(0.5)
        over.set()
        for each in asking:
            each.join()
        Event().wait(2)
        seen.cpu = usage(by_command(str(folder))).cpu - before
    seen.delays = [path.stat().st_mtime - due.timestamp() for path in witness.iterdir()]
    return seen


def _ask(path: str, pause: float, seen: Seen, over: Event) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    while not over.wait(pause):
        began = time.perf_counter()
        connection.request("GET", path)
        connection.getresponse().read()
        seen.answers[path].append(1000 * (time.perf_counter() - began))
    connection.close()


def _report(jobs: int, seen: Seen) -> None:
    p50, p99 = (percentile(seen.delays, percent) for percent in (50, 99))
    print(f"{jobs} jobs due in the same second, {jobs - len(seen.delays)} not started")
    print(f"start delay: p50 {p50:.2f} s, p99 {p99:.2f} s, longest {max(seen.delays):.2f} s")
    print(f"CPU ms a run, answers to all who asked included: {1000 * seen.cpu / len(seen.delays):.2f}")
    rows = [
        [path, str(len(of)), *(f"{value:.0f}" for value in (percentile(of, 50), percentile(of, 99), max(of)))]
        for path, of in seen.answers.items()
    ]
    print(table(["asked meanwhile", "answers", "p50 ms", "p99 ms", "max ms"], rows))
    slowest = max(percentile(of, 99) for path, of in seen.answers.items() if path != HEALTH)
    print(verdict("p99 of page and API", slowest, GOAL_ANSWER_MS, " ms"))
    print(
        verdict(
            "longest stall of the loop, as seen by /healthz", max(seen.answers[HEALTH]), GOAL_STALL_MS, " ms"
        )
    )


if __name__ == "__main__":
    main()
