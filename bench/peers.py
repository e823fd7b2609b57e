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
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    # Both read a YAML without flow lists.
    argv = "".join(f"      - {json.dumps(word)}\n" for word in job.argv)
    return (
        f"jobs:\n  - name: {job.name}\n    command:\n{argv}"
        f'    schedule: "{job.cron}"\n    captureStdout: true\n    captureStderr: true\n'
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


def contenders(folder: Path, jobs: Sequence[JobLine], port: int) -> list[Contender]:
    """All of them with the page on and output kept; rota and cronstable with their durable store."""
    write(folder / "rota", jobs, rota_file)
    write(folder / "yacron", jobs, peer_file)
    write(folder / "cronstable", jobs, peer_file)
    page = f"web:\n  listen:\n    - http://127.0.0.1:{port + 1}\n"
    (folder / "yacron/web.yaml").write_text(page)
    (folder / "cronstable/settings.yaml").write_text(cronstable_settings(folder / "state", port + 2))
    rota = [str(ROTA), "serve", str(folder / "rota"), "--state", str(folder / "rota-state")]
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
