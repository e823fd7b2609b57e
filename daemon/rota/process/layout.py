"""Where state and sockets lie; the same answer for the daemon, the runner it starts, and the command line.

Precedence: flag, then ROTA_STATE and ROTA_SOCKET, then what systemd says, then the XDG directories.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGED_STATE = Path("/var/lib/rota")
PACKAGED_SOCKET = Path("/run/rota/rota.sock")
PACKAGED_RUNNER_SOCKET = Path("/run/rota-runner/runner.sock")
PACKAGED_RUNNER_STATE = Path("/var/lib/rota-runner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Absolute paths of one daemon and its runner."""

    state: Path
    socket: Path
    runner_state: Path  # attempts lie in <job>/<run>/<step>.<n> below it
    runner_socket: Path


def find_layout(
    environ: Mapping[str, str], *, uid: int, state: Path | None = None, socket: Path | None = None
) -> Layout:
    """The paths for `--state` and `--socket` as given (or None) and that environment and user."""
    given = state or _path(environ.get("ROTA_STATE"))
    packaged = None if given else _path(environ.get("STATE_DIRECTORY", "").partition(":")[0])
    where = (given or packaged or default_state(environ)).expanduser().resolve()
    runtime = runtime_directory(environ, uid=uid, state=where)
    own_socket = PACKAGED_SOCKET if packaged else runtime / "rota.sock"
    return Layout(
        state=where,
        socket=(socket or _path(environ.get("ROTA_SOCKET")) or own_socket).absolute(),
        runner_state=PACKAGED_RUNNER_STATE if packaged else where / "runner",
        runner_socket=PACKAGED_RUNNER_SOCKET if packaged else runtime / "runner.sock",
    )


def find_daemon(
    environ: Mapping[str, str], *, uid: int, state: Path | None = None, socket: Path | None = None
) -> Layout:
    """The paths a client tries: as `find_layout`, and the packaged daemon's when nothing else is there."""
    own = find_layout(environ, uid=uid, state=state, socket=socket)
    named = state or socket or environ.get("ROTA_STATE") or environ.get("ROTA_SOCKET")
    if named is None and not own.socket.exists() and PACKAGED_SOCKET.exists():
        return Layout(
            state=PACKAGED_STATE,
            socket=PACKAGED_SOCKET,
            runner_state=PACKAGED_RUNNER_STATE,
            runner_socket=PACKAGED_RUNNER_SOCKET,
        )
    return own


def find_daemon_socket(
    environ: Mapping[str, str], *, uid: int, state: Path | None = None, socket: Path | None = None
) -> Path:
    """The socket of `find_daemon`."""
    return find_daemon(environ, uid=uid, state=state, socket=socket).socket


def default_state(environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/rota`, else `~/.local/state/rota`."""
    base = _path(environ.get("XDG_STATE_HOME"))
    if base is None:
        base = Path(environ.get("HOME") or "~").expanduser() / ".local" / "state"
    return base / "rota"


def runtime_directory(environ: Mapping[str, str], *, uid: int, state: Path) -> Path:
    """The folder of the sockets that belong to a state directory: short, and never shared by two of them."""
    base = _path(environ.get("XDG_RUNTIME_DIR")) or Path(f"/tmp/rota-{uid}")
    return base / "rota" / hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:8]


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
