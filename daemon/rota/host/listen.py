"""The sockets that the daemon answers on: passed by systemd, else opened here."""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path

from rota.core.errors import UsageError

_BACKLOG = 512
_SOCKET_MODE = 0o660


def parse_address(text: str) -> tuple[str, int]:
    """`127.0.0.1:8321`, `[::1]:8321` or `localhost:8321` as host and port.

    Raises UsageError for anything else, and for an address that is not a loopback one: beyond this machine
    the page would need sign-in for reading too.
    """
    host, colon, port = text.rpartition(":")
    host = host.strip("[]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"can't listen on {text!r}: expected an address such as 127.0.0.1:8321")
    if host != "localhost" and not _is_loopback(host):
        raise UsageError(
            f"can't listen on {text!r}: only loopback addresses (127.0.0.1, [::1]) are served; "
            "put a proxy with sign-in before it to show it elsewhere"
        )
    return host, int(port)


def open_tcp(text: str) -> socket.socket:
    """A listening TCP socket; port 0 picks a free one. Raises UsageError when it can't be had."""
    host, port = parse_address(text)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"can't listen on {text}: {error.strerror}; --listen names another address"
        ) from error
    return listener


def open_unix(path: Path) -> socket.socket:
    """A listening Unix socket that its owner and group may open. Raises UsageError when it can't be had."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _check_place(path.parent)
        path.unlink(missing_ok=True)  # of a daemon that died: the lock on the state says that none lives
        listener.bind(str(path))
        path.chmod(_SOCKET_MODE)
        listener.listen(_BACKLOG)
    except UsageError:
        listener.close()
        raise
    except OSError as error:
        listener.close()
        raise UsageError(
            f"can't make the socket {path}: {error.strerror or error}; --socket names another place"
        ) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL under which that TCP socket is reached from this machine."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def boot_id(environ: Mapping[str, str] = os.environ) -> str:
    """Names this boot of the host, or of the container that this is."""
    # A sealed service in a container sees the id of its host; the service manager hands on the right one.
    handed = Path(environ.get("CREDENTIALS_DIRECTORY", "/nowhere"), "boot-id")
    return (handed if handed.is_file() else Path("/proc/sys/kernel/random/boot_id")).read_text().strip()


def host_name() -> str:
    """The short name of this machine."""
    return os.uname().nodename.partition(".")[0]


def _check_place(folder: Path) -> None:
    """In a directory where all may write, such as /tmp, others can put theirs in the way of ours.

    Raises UsageError when what leads from there to the socket, a folder or a link, is somebody else's.
    """
    below = folder.absolute()  # links are not followed: whose they are counts too
    for shared in below.parents:
        if shared.stat().st_mode & stat.S_IWOTH:
            break
        below = shared
    else:
        return
    if below.lstat().st_uid not in (os.geteuid(), 0):
        raise UsageError(
            f"can't make a socket in {folder}: {below} belongs to somebody else; --socket names another place"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
