"""What commands get from outside: the daemon and the options that name it, the time, the local zone."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import wraps
from pathlib import Path
from threading import Event
from typing import Concatenate, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

import click

from rota.cli.client import Connect, Daemon, UnixDaemon
from rota.cli.instant_text import FORMS, parse_instant
from rota.process.layout import find_daemon_socket

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., object])


def _wall_clock() -> datetime:
    return datetime.now(UTC)


def _wait(seconds: float) -> None:
    Event().wait(seconds)  # unlike a plain sleep it can be given as a function of ours, and Ctrl-C ends it


def local_zone() -> tzinfo:
    """The zone of this machine, with its IANA name where that can be found out."""
    name = os.environ.get("TZ", "").removeprefix(":") or _name_of_localtime()
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return datetime.now(UTC).astimezone().tzinfo or UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Everything that commands may not reach for themselves; tests give their own as click's `obj`."""

    connect: Connect = UnixDaemon
    now: Callable[[], datetime] = _wall_clock
    wait: Callable[[float], None] = _wait
    zone: tzinfo = field(default_factory=local_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A command that asks the daemon: whom, and in which form the answer is printed."""

    daemon: Daemon
    as_json: bool
    outside: Outside


def outside(context: click.Context) -> Outside:
    """The one of this invocation; made once."""
    found = context.find_object(Outside)
    if found is None:
        found = Outside()
        context.find_root().obj = found
    return found


def names_daemon(command: F) -> F:
    """Adds --state and --socket."""
    command = click.option(
        "--socket", type=click.Path(path_type=Path), help="The daemon's Unix socket. [env: ROTA_SOCKET]"
    )(command)
    return click.option(
        "--state",
        type=click.Path(path_type=Path),
        help="State directory of the daemon; its socket is found by it. [env: ROTA_STATE]",
    )(command)


def asks_daemon(command: Callable[Concatenate[Asking, P], None]) -> Callable[P, None]:
    """Adds --state, --socket and --json, and hands the command an `Asking` in their place."""

    @wraps(command)
    def asking(*args: P.args, **kwargs: P.kwargs) -> None:
        context = click.get_current_context()
        state, socket, as_json = (kwargs.pop(name) for name in ("state", "socket", "as_json"))
        world = outside(context)
        daemon = world.connect(daemon_socket(_path(state), _path(socket)))
        command(Asking(daemon=daemon, as_json=bool(as_json), outside=world), *args, **kwargs)

    return names_daemon(click.option("--json", "as_json", is_flag=True, help="Print JSON.")(asking))


def daemon_socket(state: Path | None, socket: Path | None) -> Path:
    """Where the daemon listens, by flags, environment and the rules of `process.layout`."""
    return find_daemon_socket(os.environ, uid=os.getuid(), state=state, socket=socket)


class Instant(click.ParamType[datetime]):
    """An instant in any form of `instant_text`; the value is aware UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        world = outside(ctx) if ctx is not None else Outside()
        try:
            return parse_instant(str(value), now=world.now(), zone=world.zone)
        except ValueError as error:
            self.fail(str(error), param, ctx)


INSTANT = Instant()
INSTANT_HELP = f"T is {FORMS}."


def _path(value: object) -> Path | None:
    return value if isinstance(value, Path) else None


def _name_of_localtime() -> str:
    try:
        target = str(Path("/etc/localtime").resolve(strict=True))
    except OSError:
        return "UTC"
    _, found, name = target.partition("/zoneinfo/")
    return name.removeprefix("posix/") if found else "UTC"
