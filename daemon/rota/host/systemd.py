"""What systemd and the daemon tell each other: sd_notify, the watchdog's interval, passed sockets.

Everything here does nothing at all when systemd did not start the process. The `take_…` functions and
`Notifier.take` remove what they read from the environment, so that nothing is inherited by accident.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import timedelta

FIRST_PASSED_FD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedSocket:
    """A listening socket that systemd opened; `name` is its FileDescriptorName=, else the unit's name."""

    name: str
    socket: socket.socket


class Notifier:
    """Sends state to the supervisor. Never raises: a supervisor that went away must not hurt the daemon."""

    def __init__(
        self,
        address: str | None,
        *,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`address` is NOTIFY_SOCKET: a path, or "@" and an abstract name; None makes every call a no-op.

        `monotonic_ns` is CLOCK_MONOTONIC, the clock that the protocol asks for in RELOADING.
        """
        self._address = _socket_address(address)
        self._monotonic_ns = monotonic_ns

    @classmethod
    def take(cls, environ: MutableMapping[str, str]) -> Notifier:
        """The notifier of this process; NOTIFY_SOCKET leaves the environment."""
        return cls(environ.pop("NOTIFY_SOCKET", None))

    @property
    def is_active(self) -> bool:
        """Whether somebody listens."""
        return self._address is not None

    def ready(self, status: str) -> bool:
        """Started, or done with a reload. True when it was sent."""
        return self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def reloading(self) -> bool:
        """A reload began; `ready` ends it."""
        return self._send(f"RELOADING=1\nMONOTONIC_USEC={self._monotonic_ns() // 1000}")

    def stopping(self, status: str) -> bool:
        return self._send(f"STOPPING=1\nSTATUS={_one_line(status)}")

    def status(self, status: str) -> bool:
        """One line for `systemctl status`."""
        return self._send(f"STATUS={_one_line(status)}")

    def watchdog(self) -> bool:
        """A sign of life."""
        return self._send("WATCHDOG=1")

    def _send(self, message: str) -> bool:
        if self._address is None:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)  # a full or dead supervisor must never stop the loop
                sender.sendto(message.encode("utf-8", "replace"), self._address)
        except OSError:
            return False
        return True


def take_watchdog_interval(environ: MutableMapping[str, str], pid: int) -> timedelta | None:
    """How often systemd wants a sign of life, or None. Send one at half of it."""
    text = environ.pop("WATCHDOG_USEC", "")
    meant_for = environ.pop("WATCHDOG_PID", "")
    if not _is_number(text) or int(text) == 0:
        return None
    if meant_for and meant_for != str(pid):
        return None
    return timedelta(microseconds=int(text))


def take_sockets(
    environ: MutableMapping[str, str], pid: int, *, first_fd: int = FIRST_PASSED_FD
) -> tuple[PassedSocket, ...]:
    """The listening sockets of socket activation, in order; () when there are none.

    Raises ValueError when the environment names descriptors that are not sockets.
    """
    count = environ.pop("LISTEN_FDS", "")
    names = environ.pop("LISTEN_FDNAMES", "").split(":")
    if environ.pop("LISTEN_PID", "") != str(pid) or not _is_number(count):
        return ()
    names += [""] * int(count)
    return tuple(_adopt(first_fd + index, names[index] or "unknown") for index in range(int(count)))


def _adopt(fd: int, name: str) -> PassedSocket:
    try:
        adopted = socket.socket(fileno=fd)  # family and type are read from the descriptor
    except OSError as error:
        raise ValueError(f"descriptor {fd} ({name}) passed by LISTEN_FDS is not a socket: {error}") from error
    adopted.set_inheritable(False)
    adopted.setblocking(False)
    return PassedSocket(name=name, socket=adopted)


def _socket_address(text: str | None) -> str | None:
    if not text or text[0] not in "@/":
        return None
    return "\0" + text[1:] if text[0] == "@" else text


def _one_line(text: str) -> str:
    # A newline would start another assignment of the protocol.
    return " ".join(text.split())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
