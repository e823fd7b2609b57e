"""The same jobs for rota, yacron and cronstable, and the three started alike.

The peers are installed into `.venv-bench` beside `.venv`, so that their dependencies never meet ours.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROTA = ROOT / ".venv/bin/rota"
PEERS = ROOT / ".venv-bench"
VERSIONS = ("yacron==0.19.0", "cronstable==1.2.72", "apscheduler==3.11.0")
APSCHEDULER = "apscheduler"


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job every scheduler here can run."""

    name: str
    argv: tuple[str, ...]
    minute: int
    hour: int
    at: datetime | None = (
        None  # rota and APScheduler take it instead: they need not wait for a minute to begin
    )

    @property
    def cron(self) -> str:
        return f"{self.minute} {self.hour} * * *"


def install() -> None:
    """Make `.venv-bench` when it is not there yet, or when it lacks one of them."""
    marker = PEERS / "installed"
    if marker.exists() and marker.read_text() == " ".join(VERSIONS):
        return
    print(f"Installing {' '.join(VERSIONS)} into .venv-bench (once)", file=sys.stderr)
    venv.create(PEERS, with_pip=True)
    subprocess.run([PEERS / "bin/pip", "install", "--quiet", *VERSIONS], check=True)
    marker.write_text(" ".join(VERSIONS))


def rota_file(job: JobLine) -> str:
    due = f'cron: "{job.cron}"' if job.at is None else f'at: "{job.at.isoformat()}"'
    return f"title: {job.name}\nschedule:\n  {due}\nexec: {json.dumps(job.argv)}\n"


def peer_file(job: JobLine) -> str:
    """yacron's form, which cronstable reads too; output kept, as rota always does."""
    # Both read a YAML without flow lists.
    argv = "".join(f"      - {json.dumps(word)}\n" for word in job.argv)
    return (
        f"jobs:\n  - name: {job.name}\n    command:\n{argv}"
        f'    schedule: "{job.cron}"\n    captureStdout: true\n    captureStderr: true\n'
    )


def rota_long_file(job: JobLine) -> str:
    """A job as people write it, of about 500 bytes; not run, only read."""
    return (
        f"title: Nightly backup of {job.name}\n"
        "description: Dumps the database, checks the dump and copies it to the second site.\n"
        "owner: platform team\ntags: [backup, database]\n"
        f'schedule:\n  cron: "{job.cron}"\n  timezone: Europe/Berlin\n'
        "missed: latest\nstart_deadline: 30m\n"
        "retry:\n  attempts: 3\n  backoff: exponential\n  delay: 10s\n"
        "limits:\n  timeout: 2h\n  output: 10M\nconcurrency:\n  overlap: skip\n"
        f"env:\n  PGHOST: {job.name}.example.org\n  PGDATABASE: shop\n"
        f"exec: {json.dumps(job.argv)}\n"
    )


def peer_long_file(job: JobLine) -> str:
    """The same in yacron's form, as far as it goes."""
    argv = "".join(f"      - {json.dumps(word)}\n" for word in job.argv)
    return (
        f'jobs:\n  - name: {job.name}\n    command:\n{argv}    schedule: "{job.cron}"\n'
        "    utc: false\n    timezone: Europe/Berlin\n    captureStdout: true\n    captureStderr: true\n"
        "    concurrencyPolicy: Forbid\n    executionTimeout: 7200\n    killTimeout: 10\n"
        "    onFailure:\n      retry:\n        maximumRetries: 3\n        initialDelay: 10\n"
        "        maximumDelay: 300\n        backoffMultiplier: 2\n"
        f"    environment:\n      - key: PGHOST\n        value: {job.name}.example.org\n"
        "      - key: PGDATABASE\n        value: shop\n"
    )


def write(folder: Path, jobs: Iterable[JobLine], form: Callable[[JobLine], str]) -> None:
    """One file a job."""
    folder.mkdir(parents=True)
    for job in jobs:
        (folder / f"{job.name}.yaml").write_text(form(job))


def cronstable_settings(folder: Path, port: int) -> str:
    """The durable store and the page on: what rota has on by default."""
    return f"web:\n  listen:\n    - http://127.0.0.1:{port}\nstate:\n  path: {json.dumps(str(folder))}\n"


@dataclass(frozen=True, slots=True)
class Contender:
    """A scheduler, its job files in place, and the command that serves them."""

    name: str
    command: list[str]
    validate: list[str]


def contenders(
    folder: Path,
    jobs: Sequence[JobLine],
    port: int,
    *,
    long: bool = False,
    settings: str = "max_running: 10000\n",
) -> list[Contender]:
    """All of them with the page on and output kept; rota and cronstable with their durable store.

    `settings` is rota's; as they are, it starts everything at once, since the others do.
    """
    write(folder / "rota", jobs, rota_long_file if long else rota_file)
    for peer in ("yacron", "cronstable"):
        write(folder / peer, jobs, peer_long_file if long else peer_file)
    page = f"web:\n  listen:\n    - http://127.0.0.1:{port + 1}\n"
    (folder / "yacron/web.yaml").write_text(page)
    (folder / "cronstable/settings.yaml").write_text(cronstable_settings(folder / "state", port + 2))
    (folder / "rota.yaml").write_text(settings)
    rota = [str(ROTA), "serve", str(folder / "rota"), "--state", str(folder / "rota-state")]
    rota += ["--config", str(folder / "rota.yaml")]
    yacron, cronstable = str(PEERS / "bin/yacron"), str(PEERS / "bin/cronstable")
    return [
        Contender(
            "rota",
            [*rota, "--listen", f"127.0.0.1:{port}"],
            [str(ROTA), "validate", str(folder / "rota")],
        ),
        Contender("yacron", *_peer(yacron, folder / "yacron")),
        Contender("cronstable", *_peer(cronstable, folder / "cronstable")),
    ]


def apscheduler(folder: Path, jobs: Sequence[JobLine]) -> Contender:
    """A script of twenty lines that keeps no record, no output and no page: how quick threads can be."""
    listed = folder / "apscheduler.json"
    listed.write_text(json.dumps([[*_time(job), job.argv] for job in jobs]))
    command = [str(PEERS / "bin/python"), str(ROOT / "bench/apscheduler_jobs.py"), str(listed)]
    return Contender(APSCHEDULER, command, command)


def _time(job: JobLine) -> tuple[int, int, int]:
    """Second, minute and hour, UTC."""
    return (0, job.minute, job.hour) if job.at is None else (job.at.second, job.at.minute, job.at.hour)


def _peer(program: str, folder: Path) -> tuple[list[str], list[str]]:
    return [program, "-c", str(folder), "-l", "ERROR"], [program, "-c", str(folder), "-v"]


@contextmanager
def running(command: list[str], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A scheduler in a session of its own; all of it is gone at the end."""
    with log.open("wb") as sink:
        process = subprocess.Popen(command, env=env, stdout=sink, stderr=sink, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
