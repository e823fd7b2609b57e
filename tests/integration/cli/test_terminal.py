"""On a real terminal: colours, the alternate screen, and its tidy end."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from daemon_process import DaemonProcess
from eventually import eventually

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class OnTerminal:
    """A `rota` command with a pseudo-terminal of 100 columns."""

    def __init__(self, daemon: DaemonProcess, *words: str, **environ: str) -> None:
        self._master, slave = pty.openpty()
        self.shown = ""
        environment = {**daemon.environment, "ROTA_STATE": str(daemon.state), "TERM": "xterm-256color"}
        environment.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rota", *words],
            env=self._sized({**environment, **environ}), stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)

    def read(self) -> str:
        """Everything shown so far."""
        while select.select([self._master], [], [], 0)[0]:
            try:
                piece = os.read(self._master, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            self.shown += piece.decode()
        return self.shown

    def shows(self, text: str, within: float = 60.0) -> bool:
        return eventually(lambda: text in self.read(), within)

    def end(self, *, interrupt: bool = False) -> int:
        """Its exit status, with all that it showed in `shown`."""
        if interrupt:
            self.process.send_signal(signal.SIGINT)
        assert eventually(self._has_ended)
        self.read()
        os.close(self._master)
        return self.process.wait()

    def _has_ended(self) -> bool:
        self.read()  # a full terminal would keep it from ending
        return self.process.poll() is not None

    @staticmethod
    def _sized(environ: Mapping[str, str]) -> dict[str, str]:
        return {**environ, "COLUMNS": "100", "LINES": "40", "LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8"}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    process = DaemonProcess(tmp_path_factory.mktemp("tty"))
    process.job("quick", 'run: "echo done"\n')
    process.job("loud", "run: 'printf \"\\033[31mred\\033[0m\\033[2Jgone\\n\"'\n")
    with process:
        yield process


def test_watch_redraws_on_the_alternate_screen_and_gives_it_back(daemon: DaemonProcess) -> None:
    watching = OnTerminal(daemon, "watch")
    assert watching.shows("quick")

    daemon.ended(daemon.run("quick"))

    assert watching.shows("Completed")
    assert watching.end(interrupt=True) == 130
    assert watching.shown.count(ENTER) == watching.shown.count(LEAVE) == 1
    assert watching.shown.index(ENTER) < watching.shown.index("quick") < watching.shown.index(LEAVE)


def test_status_is_coloured_on_a_terminal_and_plain_with_no_color(daemon: DaemonProcess) -> None:
    coloured, plain = OnTerminal(daemon, "status"), OnTerminal(daemon, "status", NO_COLOR="1")

    assert (coloured.end(), plain.end()) == (0, 0)
    assert "\x1b[32m" in coloured.shown  # green
    assert "\x1b[3" not in plain.shown


def test_list_is_coloured_on_a_terminal_and_plain_with_no_color(daemon: DaemonProcess) -> None:
    coloured, plain = OnTerminal(daemon, "list"), OnTerminal(daemon, "list", NO_COLOR="1")

    assert (coloured.end(), plain.end()) == (0, 0)
    assert "\x1b[" in coloured.shown
    assert "\x1b[" not in plain.shown


def test_a_log_shows_its_colours_but_can_not_clear_the_screen(daemon: DaemonProcess, tmp_path: Path) -> None:
    daemon.ended(daemon.run("loud"))

    reading = OnTerminal(daemon, "logs", "loud")

    assert reading.end() == 0
    assert "\x1b[31mred\x1b[0mgone" in reading.shown
    assert "\x1b[2J" not in reading.shown
