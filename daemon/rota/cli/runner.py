"""`rota runner`: the process that starts, watches and reaps jobs."""

from __future__ import annotations

import json
import os
import socket as sockets
import sys
from pathlib import Path
from typing import Any

import click

from rota.cli.failure import NoDaemon
from rota.cli.instant_text import distance_text
from rota.cli.output import say, say_json, say_table
from rota.cli.outside import outside
from rota.core.instant import from_ms
from rota.process.layout import find_daemon, find_layout

_PACKET = 131_072  # docs/runner-protocol.md
_SECONDS = 5.0


@click.group(invoke_without_command=True)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="Where attempts are kept; default: by the daemon's rules.",
)
@click.option("--socket", type=click.Path(path_type=Path), help="The runner's Unix socket.")
@click.option("--daemon-user", metavar="NAME", help="This user may command it, beside its own and root.")
@click.option(
    "--rules",
    type=click.Path(path_type=Path),
    help="What a runner of root's obeys; default: /etc/rota/runner.yaml.",
)
@click.pass_context
def runner(
    ctx: click.Context, state: Path | None, socket: Path | None, daemon_user: str | None, rules: Path | None
) -> None:
    """Start, watch and reap the jobs of a daemon, in the foreground.

    As root it may run jobs as other users: those that its rules name, which only root may write.

    
    Exit status: 0 ended as asked; 1 host or disk failed it; 2 it can't serve, or its rules can't be obeyed.
    """
    if ctx.invoked_subcommand is not None:
        return
    layout = find_layout(os.environ, uid=os.getuid())
    words = ["--state", str(state or layout.runner_state), "--socket", str(socket or layout.runner_socket)]
    words += ["--daemon-user", daemon_user] if daemon_user else []
    words += ["--rules", str(rules.absolute())] if rules else []
    # In its place, not inside it: what starts every job stays small, and this process has read much already.
    os.execv(sys.executable, [sys.executable, "-m", "rota.runner", *words])


@runner.command()
@click.option(
    "--state", type=click.Path(path_type=Path), help="State directory of the daemon that it serves."
)
@click.option("--socket", type=click.Path(path_type=Path), help="The runner's Unix socket.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def status(ctx: click.Context, state: Path | None, socket: Path | None, as_json: bool) -> None:
    """What a runner holds: live attempts, and ends that the daemon has not stored yet."""
    path = socket or find_daemon(os.environ, uid=os.getuid(), state=state).runner_socket
    found = ask_status(path)
    if as_json:
        say_json(found)
        return
    say(f"runner {found['pid']} as {found['user']}, state {found['state']}")
    now = outside(ctx).now()
    rows = [
        [held["directory"], str(held["started"]["pid"]), distance_text(from_ms(held["started"]["at"]), now)]
        for held in found["live"]
    ]
    if rows:
        say_table(("RUNNING", "PID", "SINCE"), rows)
    else:
        say("nothing runs")
    if found["ended"]:
        say(f"{len(found['ended'])} ended, not yet stored by the daemon:")
        for held in found["ended"]:
            say(f"  {held['directory']}")


def ask_status(path: Path) -> dict[str, Any]:
    """The runner's answer to `status`, all pages in one. Raises NoDaemon when no runner answers."""
    try:
        with sockets.socket(sockets.AF_UNIX, sockets.SOCK_SEQPACKET) as connection:
            connection.settimeout(_SECONDS)
            connection.connect(str(path))
            connection.send(b'[{"type":"status"}]')
            return _read_pages(connection)
    except (OSError, ValueError) as error:
        why = "" if isinstance(error, FileNotFoundError | ConnectionRefusedError) else f" ({error})"
        raise NoDaemon(f"no runner answers at {path}{why}: `rota serve` starts one") from error


def _read_pages(connection: sockets.socket) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    more = True
    while more:
        packet = connection.recv(_PACKET)
        if not packet:
            raise ValueError("it closed the connection")
        for page in json.loads(packet):
            if page.get("type") != "status":
                continue
            live = [*whole.get("live", ()), *page.pop("live", ())]
            ended = [*whole.get("ended", ()), *page.pop("ended", ())]
            more = bool(page.pop("more", False))
            page.pop("type")
            whole = {**page, "live": live, "ended": ended}
    return whole
