"""A real daemon in a process of its own, as the integration, crash and browser tests use it."""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from eventually import eventually

ROOT = Path(__file__).resolve().parent.parent
_LONGEST = 80  # bytes of a folder with room for the address of a socket below it
CODE = os.pathsep.join(str(ROOT / part) for part in ("daemon", "catalog", "renderers", "tests"))


class DaemonProcess:
    """`rota serve` on a job directory with a state folder of its own.

    `folder` gets `jobs.d` (write job files there) and `state`. The address is the one the daemon itself
    announces: no race for a port. Requests go through the Unix socket, whose openers may act.
    """

    def __init__(
        self,
        folder: Path,
        *,
        module: str = "rota",
        arguments: tuple[str, ...] = (),
        prefix: tuple[str, ...] = (),
    ) -> None:
        """`prefix`: a command that takes the daemon's as its last arguments, such as setpriv."""
        self.folder = folder
        self.jobs = folder / "jobs.d"
        self.state = folder / "state"
        self.log = folder / "daemon.log"
        self.jobs.mkdir(parents=True, exist_ok=True)
        self._module = module
        self._arguments = arguments
        self._prefix = prefix
        self._sockets = folder if len(os.fsencode(folder)) <= _LONGEST else _elsewhere(folder)
        self._process: subprocess.Popen[str] | None = None
        self.ready: Mapping[str, Any] = {}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.end()

    def start(self) -> Self:
        """Start it and wait for the line that says where it listens."""
        self.launch(self._module)
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            self._forget()
            said = self.log.read_text()[-4000:]
            raise AssertionError(f"the daemon did not start, exit status {status}:\n{said}")
        self.ready = json.loads(line)
        return self

    def launch(self, module: str, **environment: str) -> None:
        """Start that main in the daemon's place, without waiting for anything."""
        command = [
            *self._prefix,
            sys.executable,
            "-m",
            module,
            "serve",
            str(self.jobs),
            "--state",
            str(self.state),
        ]
        command += ["--listen", "127.0.0.1:0", "--log", "json", *self._arguments]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env={**self.environment, **environment},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    @property
    def environment(self) -> dict[str, str]:
        """What the daemon and `rota` commands get: this checkout's code, and sockets of their own."""
        return {**os.environ, "PYTHONPATH": CODE, "XDG_RUNTIME_DIR": str(self._sockets)}

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_up(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def url(self) -> str:
        return str(self.ready["url"])

    @property
    def runner_pid(self) -> int:
        """The process that holds the jobs; it outlives the daemon, who may be ready before it is."""
        told = self.ready["runnerPid"]
        return int(told or eventually(lambda: _lock_holder(self.state / "runner" / ".lock")))

    def job(self, name: str, text: str) -> None:
        """Write a job file; the daemon notices by itself."""
        temporary = self.jobs / f".{name}.tmp"
        temporary.write_text(text)
        temporary.rename(self.jobs / f"{name}.yaml")

    def load(self, name: str, text: str) -> None:
        """Write a job file and have it in force now; an error in it fails the test."""
        self.job(name, text)
        wrong = [
            problem
            for problem in self.post("/api/v1/reload")["problems"]
            if problem["severity"] == "error" and problem["file"].endswith(f"/{name}.yaml")
        ]
        assert not wrong, wrong

    def unload(self, name: str) -> None:
        """Remove a job file, and the job with it."""
        (self.jobs / f"{name}.yaml").unlink()
        self.post("/api/v1/reload")

    def lines(self, run: str, **query: object) -> list[str]:
        """The whole log of a run as it is shown; `query` as the API takes it, such as step and attempt."""
        words = "".join(f"&{name}={value}" for name, value in query.items())
        found: list[str] = []
        start = 0
        while True:
            page = self.get(f"/api/v1/runs/{run}/log?from={start}&limit=5000{words}")
            found += (line["text"] for line in page["lines"])
            if page["end"] or page["next"] == start:
                return found
            start = page["next"]

    def get(self, path: str) -> Any:
        """The JSON of a GET that must succeed."""
        status, body = self.request("GET", path)
        assert status == 200, f"GET {path}: {status} {body}"
        return body

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON of a POST that must be accepted."""
        status, answer = self.request("POST", path, body or {})
        assert status in (200, 201, 202), f"POST {path}: {status} {answer}"
        return answer

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Status and JSON body, over the Unix socket."""
        status, _, text = self.exchange(method, path, body)
        return status, json.loads(text) if text else None

    def exchange(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, str, str]:
        """Status, media type and text, over the Unix socket."""
        connection = _UnixConnection(str(self.ready["socket"]))
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            kind = response.headers.get_content_type()
            return response.status, kind, response.read().decode()
        finally:
            connection.close()

    def run(self, job: str, **params: object) -> str:
        """Run a job now; the run's id."""
        return str(self.post(f"/api/v1/jobs/{job}/runs", {"params": params})["id"])

    def ended(self, run: str, within: float = 60.0) -> Any:
        """The run, once it is final."""

        def final() -> Any:
            found = self.get(f"/api/v1/runs/{run}")
            return found if found["state"] not in ("pending", "running", "retrying") else None

        return eventually(final, within)

    def rota(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A `rota` command that talks to this daemon."""
        command = [sys.executable, "-m", "rota", *words]
        environment = {**self.environment, "ROTA_STATE": str(self.state)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=check)

    def died(self, within: float = 60.0) -> int:
        """Wait until it ends by itself; its exit status (a signal is negative)."""
        assert self._process is not None
        status = self._process.wait(within)
        self._forget()
        return status

    def kill9(self) -> None:
        """As if it had crashed: nothing of it can tidy up."""
        assert self._process is not None
        self._process.kill()
        self._forget()

    def stop(self, within: float = 60.0) -> int:
        """End it politely; its exit status."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(within)
        self._forget()
        return status

    def end(self) -> None:
        """Whatever is left of it, its runner and their jobs."""
        if self._process is not None and self._process.poll() is None:
            self.kill9()
        # It need not be the one that the daemon began with: who serves the state directory has its lock.
        runner = _lock_holder(self.state / "runner" / ".lock")
        if runner is not None:
            _end_runner(runner)
            _remove_sockets(self.state / "runner")
        if self._sockets != self.folder:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def _forget(self) -> None:
        assert self._process is not None
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _elsewhere(folder: Path) -> Path:
    """The same short name for the same folder: a daemon that is started again finds its runner there."""
    return Path(f"/tmp/rota-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}")


def _lock_holder(lock: Path) -> int | None:
    """The process that holds the lock and wrote its number there; None when nobody does."""
    if not lock.exists():
        return None
    with lock.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(opened.read() or 0) or None
    return None


def _end_runner(pid: int) -> None:
    """Each job leads a group of its own; what left it and came back to the runner is a child as well."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    jobs = [int(child) for child in children.read_text().split()] if children.exists() else []
    for end, victim in (
        (os.kill, pid),
        *((os.killpg, job) for job in jobs),
        *((os.kill, job) for job in jobs),
    ):
        with suppress(ProcessLookupError):
            end(victim, signal.SIGKILL)


def _remove_sockets(state: Path) -> None:
    """Those of jobs have a folder elsewhere when the state's own name is long, as those of tests are."""
    if state.exists():
        status = state.stat()
        mark = f"{status.st_dev:x}-{status.st_ino:x}"
        shutil.rmtree(f"/tmp/rota-notify-{os.geteuid()}-{mark}", ignore_errors=True)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
