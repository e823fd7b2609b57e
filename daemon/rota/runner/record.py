"""The small files: what the runner holds, an attempt's process, its end. Torn or empty counts as absent."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from rota.runner.held import Held
from rota.runner.log import read_all
from rota.runner.remove import removing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.runner.protocol import Message, Order
    from rota.runner.system import System

PLACE = ".place"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Records:
    """The small files of a state directory, which is open as `root`."""

    def __init__(self, system: System, root: int) -> None:
        self._system = system
        self.root = root
        self.mode = 0o750  # of directories of attempts
        self._held = Held(system, root)

    def settle(self, place: str) -> None:
        """`place` says which directory on which disk this is.

        What a copy of a state directory holds are the processes of another runner: they are let go.
        """
        known = read_all(self._system, PLACE, self.root).decode("utf-8", "replace")
        if known == place:
            return
        for attempt in self.held() if known else ():
            self.release(attempt)
        try:
            self._put_text(PLACE, place)
        except OSError:
            return  # a full disk, say: a copy that is made meanwhile is not told from this one

    def hold(self, order: Order, uid: int) -> None:
        """From now on the runner answers for the attempt, which runs as `uid`."""
        held: Message = {
            "directory": order.directory,
            "timeoutMs": order.timeout_ms,
            "graceMs": order.grace_ms,
            "output": order.output,
            "secrets": order.secrets,
            "watchdogMs": order.watchdog_ms,
            "limits": order.limits,
            "uid": uid,
        }
        self._held.hold(order.attempt, held)

    def release(self, attempt: str) -> None:
        self._held.release(attempt)

    def held(self) -> dict[str, Message]:
        """What is held, by attempt id."""
        return self._held.messages()

    def write_pid(self, at: int, pid: Message) -> None:
        """`at` is the attempt's directory, opened."""
        self._replace("pid", at, pid)

    def write_exit(self, at: int, ended: Message) -> int:
        """Written and renamed, not yet on the disk: the answer is a descriptor to fsync and close."""
        return self._replace("exit", at, ended, keep=True)

    def write_was(self, at: int, ended: Message) -> None:
        """How the first process ended, while more of the attempt lives."""
        self._replace("was", at, ended)

    def was(self, at: int) -> Message | None:
        return _parse(read_all(self._system, "was", at))

    def pid(self, at: int) -> Message | None:
        return _parse(read_all(self._system, "pid", at))

    def exit(self, at: int) -> Message | None:
        return _parse(read_all(self._system, "exit", at))

    def open_attempt(self, directory: str) -> int | None:
        """The attempt's directory, opened; None when it is not there."""
        try:
            return self._system.open_directory(directory, self.root)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def close(self, fd: int) -> None:
        self._system.close(fd)

    def make_attempt(self, directory: str) -> int:
        """Make the directory of an attempt, and open it. Raises FileExistsError when it is there already."""
        job, run, _ = directory.split("/")
        for parent in (job, f"{job}/{run}"):
            try:
                self._system.mkdir(parent, self.root, self.mode)
            except FileExistsError:
                self._open_up(parent)
        self._system.mkdir(directory, self.root, self.mode)
        try:
            return self._system.open_directory(directory, self.root)
        except OSError:
            self._system.rmdir(directory, self.root)
            raise

    def let_pass(self) -> None:
        """Directories of attempts let other users through to what is theirs, and see nothing on the way."""
        self.mode = 0o751

    def is_there(self, directory: str) -> bool:
        """Whether something of that attempt is there."""
        try:
            self._system.size(directory, self.root)
        except OSError:
            return False
        return True

    def remove(self, directory: str) -> None:
        """Delete a directory with all that is in it, following no link; one that is not there is fine."""
        for _ in self.removing(directory):
            continue

    def removing(self, directory: str) -> Iterator[None]:
        """The same in steps, between which others may have a turn."""
        return removing(self._system, directory, self.root)

    def ledger(self) -> str:
        """Id of the ledger that the attempts held came from; empty when none is known."""
        return read_all(self._system, ".ledger", self.root).decode("utf-8", "replace")

    def write_ledger(self, ledger: str) -> None:
        self._put_text(".ledger", ledger)

    def _put_text(self, name: str, text: str) -> None:
        temporary = f"{name}.new"
        fd = self._system.open(temporary, _NEW, self.root)
        self._system.write(fd, text.encode())
        self._system.close(fd)
        self._system.rename(temporary, name, self.root)

    def _open_up(self, directory: str) -> None:
        if self.mode & 0o001:  # it may be of a time when nobody had to pass
            self._system.allow(directory, self.root, self.mode)

    def _replace(self, name: str, at: int, content: Message, *, keep: bool = False) -> int:
        temporary = f"{name}.new"
        fd = self._system.open(temporary, _NEW, at)
        try:
            self._system.write(fd, _encode(content).encode())
            self._system.rename(temporary, name, at)
        except OSError:
            self._system.close(fd)
            raise
        if not keep:
            self._system.close(fd)
        return fd


def _parse(content: bytes) -> Message | None:
    try:
        message = json.loads(content)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None
