"""The same jobs for rota, yacron and cronstable, and the three started alike.

The peers come from PyPI into `.venv-bench` beside `.venv`, so that their dependencies never meet ours.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROTA = ROOT / ".venv/bin/rota"
PEERS = ROOT / ".venv-bench"
VERSIONS = ("yacron==0.19.0", "cronstable==1.2.72")


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job every scheduler here can run."""

    name: str
    argv: tuple[str, ...]
    minute: int
    hour: int

    @property
    def cron(self) -> str:
        return f"{self.minute} {self.hour} * * *"


def install() -> None:
    """Make `.venv-bench` when it is not there yet."""
    if (PEERS / "bin/cronstable").exists():
        return
    print("Installing yacron and cronstable into .venv-bench (once)", file=sys.stderr)
    venv.create(PEERS, with_pip=True)
    subprocess.run([PEERS / "bin/pip", "install", "--quiet", *VERSIONS], check=True)


def rota_file(job: JobLine) -> str:
    return f'title: {job.name}\nschedule:\n  cron: "{job.cron}"\nexec: {json.dumps(job.argv)}\n'


def peer_file(job: JobLine) -> str:
    """yacron's form, which cronstable reads too; output kept, as rota always does."""
    return (
        f"jobs:\n  - name: {job.name}\n    command: {json.dumps(job.argv)}\n"
        f'    schedule: "{job.cron}"\n    captureStdout: true\n    captureStderr: true\n'
    )


def write(folder: Path, jobs: Iterator[JobLine], form: Callable[[JobLine], str]) -> None:
    """One file a job."""
    folder.mkdir(parents=True)
    for job in jobs:
        (folder / f"{job.name}.yaml").write_text(form(job))


def cronstable_settings(folder: Path, port: int) -> str:
    """The durable store and the page on: what rota has on by default."""
    return (
        f"web:\n  listen:\n    - http://127.0.0.1:{port}\n"
        f"state:\n  backend: filesystem\n  path: {json.dumps(str(folder))}\n"
    )


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
