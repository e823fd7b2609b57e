"""The daemon on a terminal: what it tells whoever sits there, and that it ends when they close it."""

from __future__ import annotations

import os
import pty
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from daemon_process import DaemonProcess
from eventually import eventually


class Terminal:
    """`rota serve` as the leader of a terminal of its own."""

    def __init__(self, process: DaemonProcess) -> None:
        argv = [sys.executable, "-m", "rota", "serve", str(process.jobs), "--state", str(process.state)]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [*argv, "--listen", "127.0.0.1:0"], process.environment)
        os.set_blocking(self.fd, False)
        self.status: int | None = None
        self._shown = b""

    def shows(self, text: str) -> bool:
        """Whether that was printed up to now."""
        with suppress(BlockingIOError, OSError):
            self._shown += os.read(self.fd, 65536)
        return text in self._shown.decode("utf-8", "replace")

    def has_ended(self) -> bool:
        """Whether the daemon is gone; `status` is its exit status then."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status is not None

    def close(self) -> None:
        """As closing the window does."""
        with suppress(OSError):
            os.close(self.fd)


@pytest.fixture
def process(tmp_path: Path) -> DaemonProcess:
    return DaemonProcess(tmp_path)


@pytest.fixture
def terminal(process: DaemonProcess) -> Iterator[Terminal]:
    process.job("long", f"run: echo $$ > {process.folder}/pid; exec sleep 300\n")
    process.job("broken", "rnu: x\n")
    found = Terminal(process)
    try:
        eventually(lambda: found.shows("/sign-in?token="))
        yield found
    finally:
        found.close()
        if not found.has_ended():
            os.kill(found.pid, signal.SIGKILL)
            os.waitpid(found.pid, 0)
        # The job first: the runner ends by itself only when it holds nothing.
        for written in (process.folder / "pid", process.state / "runner" / ".lock"):
            with suppress(FileNotFoundError, ProcessLookupError):
                os.kill(int(written.read_text()), signal.SIGKILL)


def test_a_broken_job_file_is_told_at_once(terminal: Terminal) -> None:
    eventually(lambda: terminal.shows('broken.yaml:1:1: error: unknown key "rnu"'))


def test_closing_the_terminal_ends_the_daemon(terminal: Terminal) -> None:
    terminal.close()

    eventually(terminal.has_ended)
    assert terminal.status == 0


def test_ctrl_c_with_a_run_going_on_says_what_goes_on_and_how_to_end_it(
    terminal: Terminal, process: DaemonProcess
) -> None:
    process.rota("run", "long")
    eventually(lambda: "running" in process.rota("show", "long").stdout)

    os.write(terminal.fd, b"\x03")

    eventually(lambda: terminal.shows("Still running: long.1. It goes on without the daemon."))
    eventually(lambda: terminal.shows("rota cancel long.1"))
    assert not terminal.shows("connection_lost")
