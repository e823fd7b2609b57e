"""The journal of attempts that a runner answers for: a line when it takes one up, a line when it lets it go.

One file that only grows costs a write each. A file for each attempt would be made and deleted a thousand
times a second, and deleting waits for whatever the disk is writing just then.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from rota.runner.log import read_to_end

if TYPE_CHECKING:
    from rota.runner.protocol import Message
    from rota.runner.system import System

HELD = ".held.journal"
LARGE = 1 << 20  # bytes from which on it may be written anew, without what was let go
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Held:
    """The journal in a state directory, which is open as `root`."""

    def __init__(self, system: System, root: int) -> None:
        self._system = system
        self._root = root
        self._entries: dict[str, bytes] = {}
        self._size = 0
        self._tidy_at = LARGE
        self._begin(_read(system, root))
        self._fd = system.open(HELD, _APPEND, root)

    def hold(self, attempt: str, message: Message) -> None:
        """From now on the runner answers for it. Raises OSError."""
        entry = _encode([attempt, message]).encode()
        self._append(entry)
        self._entries[attempt] = entry

    def release(self, attempt: str) -> None:
        """Never raises: a runner that starts later lets go of what could not be written down."""
        if self._entries.pop(attempt, None) is None:
            return
        try:
            self._append(_encode([attempt, None]).encode())
            if self._size > self._tidy_at:
                self._tidy()
        except OSError:
            return

    def messages(self) -> dict[str, Message]:
        """What is held, by attempt id."""
        return {attempt: json.loads(entry)[1] for attempt, entry in self._entries.items()}

    def _begin(self, content: bytes) -> None:
        self._size = len(content)
        for line in content.split(b"\n"):
            attempt, message = _parse(line)
            if isinstance(message, dict):
                self._entries[attempt] = line
            else:
                self._entries.pop(attempt, None)

    def _append(self, entry: bytes) -> None:
        # The line begins with its newline: one that a full disk cut short spoils no other.
        line = b"\n" + entry
        self._system.write(self._fd, line)
        self._size += len(line)

    def _tidy(self) -> None:
        content = b"".join(b"\n" + entry for entry in self._entries.values())
        self._tidy_at = max(LARGE, 2 * len(content))
        temporary = f"{HELD}.new"
        fd = self._system.open(temporary, _NEW, self._root)
        try:
            self._system.write(fd, content)
        finally:
            self._system.close(fd)
        fresh = self._system.open(temporary, _APPEND, self._root)
        try:
            self._system.rename(temporary, HELD, self._root)
        except OSError:
            self._system.close(fresh)
            raise
        self._system.close(self._fd)
        self._fd, self._size = fresh, len(content)


def _read(system: System, root: int) -> bytes:
    """Raises OSError: to know nothing of what runs because of it is worse than not to begin."""
    try:
        fd = system.open(HELD, os.O_RDONLY, root)
    except FileNotFoundError:
        return b""
    return read_to_end(system, fd)


def _parse(line: bytes) -> tuple[str, object]:
    """Attempt id, and what it is held with; nothing of a line that is torn."""
    try:
        attempt, message = json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return "", None
    return (attempt, message) if isinstance(attempt, str) else ("", None)
