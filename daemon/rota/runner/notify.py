"""What a job says by NOTIFY_SOCKET: a socket for each attempt, and the newest of what came by it.

It is the protocol of systemd's sd_notify. Nobody is kept waiting by it: datagrams are read at once, whether
a daemon is there or not, and of each kind only the newest is kept until it is told.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Collection

    from rota.runner.mask import Mask
    from rota.runner.protocol import Message
    from rota.runner.system import System

FOLDER = ".notify"
LONGEST_PATH = 107  # bytes: what an address of AF_UNIX holds
LONGEST_ATTEMPT = 64  # characters of an id
DATAGRAMS_AT_ONCE = 64
MOST_WAITING = 4096  # datagrams: more than any kernel keeps in a queue
TEXT = 2000  # bytes of a text that are kept
LONGEST_EXTENSION = 7 * 86_400.0  # seconds: nothing that is alive needs a week to say so again

_KINDS = {b"STATUS": "status", b"X_ROTA_PROGRESS": "progress", b"X_ROTA_STEP": "step"}


class Heard:
    """What a handful of datagrams mean for the runner itself."""

    __slots__ = ("extension", "is_alive", "is_hung", "is_more", "is_news")

    def __init__(self) -> None:
        self.is_news = False  # there is something to tell the daemon
        self.is_alive = False
        self.is_hung = False  # it says so itself: WATCHDOG=trigger
        self.is_more = True  # not all that is there was read
        self.extension = 0.0  # seconds from now on that it asks for


class Inbox:
    """The socket of one attempt; `path` is what the job finds in NOTIFY_SOCKET."""

    def __init__(self, connection: socket.socket, path: str, uids: frozenset[int]) -> None:
        self.connection = connection
        self.path = path
        self._uids = uids
        self._newest: dict[str, Message] = {}
        self._last = 0  # serial number, which also grows from one runner to the next

    def take(self, system: System, *, size: int, mask: Mask | None) -> Heard:
        """Read what is there; `size` is that of its log at this moment."""
        heard = Heard()
        for _ in range(DATAGRAMS_AT_ONCE):
            datagram = system.receive_notice(self.connection)
            if datagram is None:
                heard.is_more = False
                break
            data, uid = datagram
            if uid in self._uids:
                self._read(system, heard, data if mask is None else mask.whole(data), size)
        return heard

    def take_rest(self, system: System, *, size: int, mask: Mask | None) -> None:
        """All that was said by now; who still goes on, another job of that user say, is not waited for."""
        for _ in range(MOST_WAITING // DATAGRAMS_AT_ONCE):
            if not self.take(system, size=size, mask=mask).is_more:
                return

    def newest(self) -> list[Message]:
        """Of each kind the newest, in order of arrival."""
        return list(self._newest.values())

    def put(self, system: System, kind: str, text: str, size: int) -> None:
        """Tell that of the attempt from now on."""
        self._last = max(self._last + 1, int(system.boottime() * 1_000_000))
        self._newest.pop(kind, None)
        self._newest[kind] = {
            "n": self._last,
            "at": system.now_ms(),
            "size": size,
            "kind": kind,
            "text": text,
        }

    def close(self, system: System) -> None:
        self.connection.close()
        system.unlink_path(self.path)
        if not self.path.rpartition("/")[0].endswith(FOLDER):
            system.remove_folder(self.path.rpartition("/")[0])  # once it is empty

    def _read(self, system: System, heard: Heard, data: bytes, size: int) -> None:
        for line in data.split(b"\n"):
            name, _, value = line.partition(b"=")
            if name in _KINDS:
                heard.is_news = heard.is_alive = True
                self.put(system, _KINDS[name], _text(value), size)
            elif name == b"WATCHDOG":
                heard.is_alive = heard.is_alive or value == b"1"
                heard.is_hung = heard.is_hung or value == b"trigger"
            elif name == b"EXTEND_TIMEOUT_USEC":
                heard.is_alive = True
                heard.extension = max(heard.extension, _seconds(value))


class Inboxes:
    """Makes the sockets of all attempts of the state directory `state`, in a folder of their own.

    `passed` are those that this runner had before it replaced itself, by attempt.
    """

    def __init__(self, system: System, state: str, passed: dict[str, socket.socket] | None = None) -> None:
        self._system = system
        self._passed = passed or {}
        self._uids = frozenset({os.geteuid(), 0})
        self._folder = _folder(system, state)
        self._made = False

    def open(self, attempt: str, uid: int | None = None) -> Inbox | None:
        """A socket for the attempt, over one that an earlier runner left; None when there can be none.

        It is that user's, or the runner's own; who else writes to it, but for root, is not heard.

        A job that can't tell of itself runs all the same.
        """
        path = f"{self._folder}/{attempt}"
        try:
            self._make_folder()
            connection = self._passed.pop(attempt, None) or self._system.bind_notices(path)
            if uid is not None:
                self._system.give(path, None, uid)
        except OSError:
            return None
        return Inbox(connection, path, self._uids if uid is None else frozenset({uid, 0}))

    def tidy(self, attempts: Collection[str]) -> None:
        """Only those attempts live: what others left goes."""
        for connection in self._passed.values():
            connection.close()
        self._passed = {}
        for name in self._system.names_in(self._folder):
            if name not in attempts:
                self._system.unlink_path(f"{self._folder}/{name}")

    def _make_folder(self) -> None:
        if not self._made:
            self._system.make_own_folder(self._folder)
            self._made = self._folder.endswith(FOLDER)  # another one goes with its last socket


def _folder(system: System, state: str) -> str:
    """Where an address of AF_UNIX has room for any attempt."""
    preferred = f"{state}/{FOLDER}"
    if len(os.fsencode(preferred)) + 1 + LONGEST_ATTEMPT <= LONGEST_PATH:
        return preferred
    return f"/tmp/rota-notify-{os.geteuid()}-{system.mark_of(state)}"


def _text(value: bytes) -> str:
    return value[:TEXT].decode("utf-8", "replace").strip()


def _seconds(microseconds: bytes) -> float:
    """0 for anything that is no number."""
    if not microseconds.isdigit() or len(microseconds) > 20:
        return 0.0
    return min(int(microseconds) / 1_000_000, LONGEST_EXTENSION)
