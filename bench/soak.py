"""300 jobs of every kind of trigger for some minutes, with pauses, skips, edits and kills at random.

Afterwards every due instant, worked out anew from the files, must have exactly one answer in the ledger, and
`rota why` must name that one. Exit status 1 and the odd ones when something is lost, doubled or told wrongly.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "daemon"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from daemon_process import DaemonProcess
from eventually import eventually
from rota.config.jobset import JobReader
from rota.config.parse import Surroundings
from rota.core.board import Due
from rota.core.instant import from_ms, to_ms
from rota.core.model import JobSpec
from rota.core.schedule import due_between
from rota.core.triggers import AtTrigger, CronTrigger, EveryTrigger, Trigger

HOST = "soak"
CONFIG = f"host: {HOST}\npools: {{narrow: 3}}\nmax_running: 40\n"
QUESTIONS = 600
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns")
CALENDAR = (
    'cron: "* * * * *"',
    'cron: "*/2 * * * *"',
    'cron: "H/2 * * * *", spread: 90s',
    'cron: "* * * * *", spread: 200s',
    "every: 10s",
    "every: 15s, spread: 40s",
    "every: 20s, spread: 5s",
    "every: 30s",
    "every: 45s",
    'every: 20s, except: [{days: [sun, mon, tue, wed, thu, fri, sat], from: "%s", to: "%s"}]',
)
LIMITS = (
    "",
    "concurrency: {overlap: queue, queue: 3}",
    "concurrency: {max: 2, overlap: queue}\nmissed: all",
    "concurrency: {pool: narrow, overlap: queue}\nstart_deadline: 40s",
    "concurrency: {pool: narrow, weight: 2, priority: 1}\nmissed: skip",
    "concurrency: {lock: one-%d, overlap: queue, queue: 2}",
    'condition: {run: "test $(( $(date +%%s) %% 2 )) = 0"}',
    "missed: {run: all, within: 1m}\nstart_deadline: 10m",
)
WORK = ("exit 0", "exit 0", "sleep 1", "sleep 0.3", "sleep 12", "exit 1")


class Row(NamedTuple):
    """Of the ledger, in ms since the epoch."""

    id: str
    job: str
    reason: str | None
    due_at: int
    last: int
    planned: int
    times: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory(prefix="rota-soak-") as folder:
        return soak(Path(folder), chance, given.jobs, given.seconds)


def soak(folder: Path, chance: random.Random, jobs: int, seconds: int) -> int:
    (folder / "rota.yaml").write_text(CONFIG)
    daemon = DaemonProcess(folder, arguments=("--config", str(folder / "rota.yaml")))
    for name, text in job_files(chance, jobs):
        daemon.job(name, text)
    with daemon:
        done = disturb(daemon, chance, seconds)
        read = JobReader([daemon.jobs], Surroundings(host=HOST, pools={"narrow": 3})).read()
        assert len(read.jobs) == jobs, read.problems
        specs = dict(read.jobs)
        asked, wrong = ask_why(daemon, specs, chance)
        ended = time.time()
        daemon.stop()
    with closing(sqlite3.connect(daemon.state / "ledger.db")) as ledger:
        due, odd = accounts(ledger, specs, to_ms(datetime.fromtimestamp(ended, UTC)))
    for line in [*odd, *wrong][:50]:
        print(line)
    print(f"{len(specs)} jobs, {seconds} s, {dict(done)}")
    print(f"{due} due instants, {len(odd)} odd; {asked} questions why, {len(wrong)} wrong answers")
    return 1 if odd or wrong else 0


def job_files(chance: random.Random, jobs: int) -> Iterator[tuple[str, str]]:
    now = datetime.now(UTC)
    for n in range(jobs):
        begin, end = now + timedelta(minutes=1), now + timedelta(minutes=2)
        triggers = CALENDAR[n % len(CALENDAR)]
        triggers = triggers % (f"{begin:%H:%M}", f"{end:%H:%M}") if "%s" in triggers else triggers
        schedule = f"{{{triggers}, timezone: {ZONES[0] if '%' in triggers else chance.choice(ZONES)}}}"
        if n % 12 == 3:
            schedule = f"{{after: job-{n - 1}}}"
        elif n % 12 == 7:
            schedule = f"{{after: {{all: [job-{n - 1}, job-{n - 2}], on: always}}, spread: 3s}}"
        elif n % 25 == 4:
            schedule = "{every: 3s, from: end}"
        elif n % 25 == 9:
            at = now + timedelta(seconds=chance.randint(5, 100))
            schedule = f"[{{at: {at:%Y-%m-%dT%H:%M:%SZ}}}, {schedule}]"
        limits = LIMITS[chance.randrange(len(LIMITS))]
        limits = limits % (n % 5) if "%" in limits and "lock" in limits else limits.replace("%%", "%")
        yield (
            f"job-{n}",
            f"schedule: {schedule}\ntags: [group-{n % 7}]\nshell: sh\n{limits}\nrun: {chance.choice(WORK)}\n",
        )


def disturb(daemon: DaemonProcess, chance: random.Random, seconds: int) -> Counter[str]:
    """Whatever people and machines do to a daemon, once a second or so."""
    done: Counter[str] = Counter()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        passes(chance.uniform(0.2, 1.5))
        what = chance.choice(("pause", "resume", "tag", "tags", "skip", "skip", "edit", "reload", "kill"))
        done[what] += 1
        disturb_once(daemon, what, f"job-{chance.randrange(len(list(daemon.jobs.glob('*.yaml'))))}", chance)
    daemon.post("/api/v1/pauses/resume", {"all": True})
    passes(12)  # until all that was late is answered
    return done


def disturb_once(daemon: DaemonProcess, what: str, job: str, chance: random.Random) -> None:
    until = {"until": int((time.time() + chance.randint(2, 40)) * 1000)}
    catch_up, tag = {"catchUp": chance.random() < 0.5}, {"tag": f"group-{chance.randrange(7)}"}
    requests: dict[str, tuple[str, dict[str, Any]]] = {
        "pause": (f"jobs/{job}/pause", until if chance.random() < 0.7 else {}),
        "resume": (f"jobs/{job}/resume", catch_up),
        "tag": ("pauses", tag | until),
        "tags": ("pauses/resume", tag | catch_up),
        "skip": (f"jobs/{job}/skip", {}),
        "reload": ("reload", {}),
    }
    if what in requests:
        path, body = requests[what]
        daemon.request("POST", f"/api/v1/{path}", body)  # also what makes no sense just now
    elif what == "edit":
        text = (daemon.jobs / f"{job}.yaml").read_text().split("title:")[0]
        daemon.job(job, f"{text}title: changed {chance.random()}\n")
    elif chance.random() < 0.5:
        kill(daemon, chance)


def passes(seconds: float) -> None:
    """Real time: a daemon is watched here, not its clock."""
    Event().wait(seconds)


def kill(daemon: DaemonProcess, chance: random.Random) -> None:
    if chance.random() < 0.3:
        os.kill(int((daemon.state / "runner" / ".lock").read_text()), signal.SIGKILL)
    if chance.random() < 0.8:
        daemon.kill9()
        passes(chance.choice((0, 0, 0, 2, 13)))
        daemon.start()
    eventually(lambda: daemon.request("GET", "/readyz")[0] == 200, within=30)


def ask_why(daemon: DaemonProcess, specs: dict[str, JobSpec], chance: random.Random) -> tuple[int, list[str]]:
    """About instants that have their answer for good, and about some at which nothing was due."""
    wrong: list[str] = []
    until = to_ms(datetime.now(UTC)) - 5000
    with closing(sqlite3.connect(daemon.state / "ledger.db")) as ledger:
        rows = read_rows(ledger)
        since = dict(ledger.execute("SELECT job, since FROM jobs"))
    asked = 0
    for _ in range(QUESTIONS):
        job = chance.choice(list(specs))
        due = calendar(specs[job], since[job], until)
        mine = [row for row in rows if row.job == job]
        if not mine or not due:
            continue
        asked += 1
        one = chance.choice(due)
        expected = {row.id for row in mine if answers(row, one)}
        told = daemon.get(f"/api/v1/jobs/{job}/why?at={to_ms(one.at)}")
        if told["run"] not in expected:
            wrong.append(f"why {job} at {one.at}: {told}, and not {expected}")
    return asked, wrong


def accounts(ledger: sqlite3.Connection, specs: dict[str, JobSpec], ended: int) -> tuple[int, list[str]]:
    """How many instants were due, and what is wrong with their answers."""
    rows = read_rows(ledger)
    marks = {job: (since, answered) for job, since, answered in ledger.execute(
        "SELECT job, since, answered_until FROM jobs"
    )}  # fmt: skip
    total, odd = 0, list[str]()
    for job, spec in specs.items():
        since, answered = marks[job]
        mine = [row for row in rows if row.job == job]
        if any(max(answer.due_at, answer.planned) <= since for answer in mine):
            odd.append(f"{job}: an answer older than its load")
        due = calendar(spec, since, answered or since)
        late = [each for each in calendar(spec, answered or since, ended - 3000)]
        odd += [f"{job}: {each.at} was never answered" for each in late]
        if "after" in str(spec.triggers).lower() or any(
            getattr(each, "from_end", 0) for each in spec.triggers
        ):
            continue
        total += len(due)
        odd += odd_answers(job, due, mine)
    return total, odd


def is_calendar(trigger: Trigger) -> bool:
    """Whether the file alone says when it is due."""
    if isinstance(trigger, EveryTrigger):
        return not trigger.from_end
    return isinstance(trigger, CronTrigger | AtTrigger)


def odd_answers(job: str, due: Sequence[Due], rows: Sequence[Row]) -> Iterator[str]:
    for each in due:
        found = [row for row in rows if answers(row, each)]
        if not found:
            yield f"{job}: {each.at} ({each.starts_at}) is lost"
    counted = sum(row.times for row in rows)
    if counted != len(due):
        yield f"{job}: {len(due)} due, {counted} answered"


def answers(row: Row, due: Due) -> bool:
    at = to_ms(due.at)
    if at in (row.due_at, row.last):
        return True
    return row.due_at < at < row.last and to_ms(due.starts_at) <= max(row.planned, row.last)


def calendar(spec: JobSpec, since: int, until: int) -> list[Due]:
    return list(due_between(spec.id, spec.triggers, from_ms(since), from_ms(until)))


def read_rows(ledger: sqlite3.Connection) -> list[Row]:
    found = ledger.execute(
        "SELECT job || '.' || number, job, reason, due_at, coalesce(last_due_at, due_at),"
        " coalesce(planned_at, due_at), count FROM runs WHERE due_at IS NOT NULL ORDER BY due_at"
    )
    return [Row(*row) for row in found]


if __name__ == "__main__":
    sys.exit(main())
