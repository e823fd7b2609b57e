"""The daemon's listening sockets as one: TCP for browsers, Unix for who may act."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rota.host.listen import address_of, open_tcp, open_unix


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """Open while the daemon runs. `url` is where people find the page, `path` the Unix socket."""

    tcp: tuple[socket.socket, ...]
    unix: socket.socket
    url: str
    path: Path


@contextmanager
def open_sockets(passed: Sequence[socket.socket], listen: str, path: Path) -> Iterator[Sockets]:
    """What systemd passed, and what it did not pass opened here. Raises UsageError.

    A Unix socket that was opened here is removed at the end; a passed one belongs to systemd, which goes on
    accepting connections for the next daemon.
    """
    tcp = [found for found in passed if found.family in (socket.AF_INET, socket.AF_INET6)]
    unix = [found for found in passed if found.family == socket.AF_UNIX]
    tcp = tcp or [open_tcp(listen)]
    owned = None if unix else open_unix(path)
    listener = owned or unix[0]
    try:
        yield Sockets(
            tcp=tuple(tcp), unix=listener, url=address_of(tcp[0]), path=Path(listener.getsockname())
        )
    finally:
        for opened in (*tcp, listener):
            opened.close()
        if owned is not None:
            path.unlink(missing_ok=True)
