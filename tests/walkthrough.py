"""Documents that people follow, followed by a test: their console blocks, command by command.

`$ ` begins a command and `> ` goes on with it; what follows is its output. A line `...` stands for any lines,
`…` in a line for any characters. `rota serve … &` starts a daemon that the commands after it talk to.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from daemon_process import CODE, DaemonProcess

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Command:
    text: str
    output: tuple[str, ...]


def commands_in(document: Path) -> list[Command]:
    """Those of all console blocks, in their order."""
    found = []
    for block in _BLOCK.findall(document.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            head, *rest = part.rstrip("\n").split("\n")
            more = [line[2:] if line != ">" else "" for line in _leading(rest)]
            found.append(Command(text="\n".join([head, *more]), output=tuple(rest[len(more) :])))
    return found


class Follower:
    """A person with a terminal in a folder of their own. Close it at the end."""

    def __init__(self, folder: Path, shims: Mapping[str, str], **environment: str) -> None:
        self.folder = folder / "work"
        tools = folder / "bin"
        for place in (self.folder, tools):
            place.mkdir()
        python = f'#!/bin/sh\nPYTHONPATH="{CODE}" exec "{sys.executable}" -m rota "$@"\n'
        for name, text in {"rota": python, **shims}.items():
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        self.environment = {
            **os.environ,
            **_GIT,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "XDG_RUNTIME_DIR": str(folder),
            "ROTA_STATE": str(folder / "state"),
            **environment,
        }
        self._daemon: DaemonProcess | None = None

    def follow(self, document: Path) -> None:
        """Every command of the document, each with the output that it promises."""
        for command in commands_in(document):
            if re.fullmatch(r"rota serve .*&", command.text):
                self._serve(command)
            else:
                status, said = self.run(command.text)
                assert_says(command, said)
                assert status == 0 or command.output, f"$ {command.text}\nexit status {status}\n{said}"

    def run(self, text: str) -> tuple[int, str]:
        """Exit status and output of shell text."""
        done = subprocess.run(
            ["bash", "-c", text], cwd=self.folder, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout

    def close(self) -> None:
        if self._daemon is not None:
            self._daemon.end()

    def _serve(self, command: Command) -> None:
        """On a free port, since a test may not take the one that the document names."""
        self._daemon = DaemonProcess(self.folder).start()
        self.environment |= {"ROTA_STATE": str(self._daemon.state), "XDG_RUNTIME_DIR": str(self.folder)}
        ready = self._daemon.ready  # the line for programs; people get the same in words
        assert_says(command, f"rota serves {ready['jobs']} jobs at {self._daemon.url}\n")


def assert_says(command: Command, said: str) -> None:
    """The output is the one that the document shows."""
    lines = [line.rstrip() for line in said.rstrip("\n").split("\n")] if said.strip() else []
    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else ".*".join(map(re.escape, line.rstrip().split("…"))) + r"\n"
        for line in command.output
    )
    text = "".join(f"{line}\n" for line in lines)
    expected = "\n".join(command.output)
    assert re.fullmatch(pattern, text), f"$ {command.text}\nsaid:\n{text}\nexpected:\n{expected}"


_GIT = {
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
}  # fmt: skip


def _leading(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not (line == ">" or line.startswith("> ")):
            return
        yield line
