"""`rota doctor`: what of this host works, and what to do about the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from rota.cli.client import Daemon
from rota.cli.failure import NoDaemon, Refused
from rota.cli.output import count_text, say, say_json
from rota.cli.outside import Outside, names_daemon, outside
from rota.core.board import HealthState
from rota.core.errors import RotaError
from rota.core.finding import Finding, worst
from rota.process.layout import Layout, find_daemon

_EXIT = {HealthState.OK: 0, HealthState.WARN: 1, HealthState.FAILED: 2}
_WORDS = {HealthState.OK: "ok", HealthState.WARN: "warn", HealthState.FAILED: "FAILED"}
_QUICK = timedelta(seconds=5)  # that the look at the ledger takes at most


@click.command(
    epilog="Works with and without a daemon.\n\nExit status: 0 all is well; 1 something is worth a look; "
    "2 something does not work, or wrong usage."
)
@names_daemon
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(ctx: click.Context, state: Path | None, socket: Path | None, as_json: bool) -> None:
    """What of this host works: control groups, systemd, zones, inotify, disk, clock, runner, ledger.

    Run it as the user that rota runs as, on the host that it runs on.
    """
    world = outside(ctx)
    layout = find_daemon(os.environ, uid=os.getuid(), state=state, socket=socket)
    found = examined(layout, layout.socket, world)
    verdict = worst(found)
    if as_json:
        say_json({"state": verdict.value, "findings": [_shape(finding) for finding in found]})
    else:
        _say(found)
    ctx.exit(_EXIT[verdict])


def examined(layout: Layout, path: Path, world: Outside) -> Sequence[Finding]:
    """Everything that was looked at, in order."""
    from rota.host import examine

    parts = list(_parts(layout, path, world))
    pid = next((pid for _, pid in parts if pid is not None), None)
    return [
        examine.python(),
        examine.systemd(),
        *(finding for finding, _ in parts),
        examine.control_groups(pid),
        examine.open_files(pid),
        examine.zones(),
        examine.watches(),
        examine.space("state", "Disk of the state", layout.state),
        examine.space("logs", "Disk of the logs", layout.runner_state),
        examine.clock(world.now()),
    ]


def _parts(layout: Layout, path: Path, world: Outside) -> Iterator[tuple[Finding, int | None]]:
    """The daemon, its runner (with its process), its ledger."""
    found, is_up = _daemon(path, world.connect(path))
    yield found, None
    yield _runner(layout.runner_socket, is_up)
    yield _ledger(layout.state, world), None


def _daemon(path: Path, daemon: Daemon) -> tuple[Finding, bool]:
    try:
        status, answer = daemon.probe("/readyz")
    except NoDaemon as error:
        if path.exists() and not os.access(path, os.W_OK):
            return _finding("daemon", "Daemon", HealthState.FAILED, error.message), False
        return _finding("daemon", "Daemon", HealthState.WARN, error.message), False
    except Refused as error:
        return _finding("daemon", "Daemon", HealthState.FAILED, error.message), True
    if status == 200:
        return _finding("daemon", "Daemon", HealthState.OK, f"is ready at {path}"), True
    reasons = "; ".join(answer["reasons"]) if isinstance(answer, Mapping) else str(answer)
    hint = "see `rota status`, and the log of the daemon"
    return _finding("daemon", "Daemon", HealthState.FAILED, f"is not ready: {reasons}", hint), True


def _runner(path: Path, is_wanted: bool) -> tuple[Finding, int | None]:
    from rota.cli.runner import ask_status

    try:
        found = ask_status(path)
    except NoDaemon as error:
        state = HealthState.FAILED if is_wanted else HealthState.WARN
        return _finding("runner", "Runner", state, error.message), None
    live = count_text(len(found["live"]), "attempt")
    note = f"process {found['pid']} as {found['user']}, {live} under way"
    if closed := found.get("closedAt"):
        note = f"{note}; jobs of other users reach neither ROTA_OUTPUT nor NOTIFY_SOCKET below {closed}"
        hint = f"chmod o+x {closed}, or another --state; then reload the runner"
        return _finding("runner", "Runner", HealthState.WARN, note, hint), int(found["pid"])
    return _finding("runner", "Runner", HealthState.OK, note), int(found["pid"])


def _ledger(state: Path, world: Outside) -> Finding:
    from rota.store.backup import ledger_path
    from rota.store.quick_check import quick_check

    ledger = ledger_path(state)
    if not ledger.exists():
        can = os.access(next(each for each in (state, *state.parents) if each.exists()), os.W_OK)
        if can:
            return _finding("ledger", "Ledger", HealthState.OK, f"none yet; it will be {ledger}")
        hint = "run this as the user that rota runs as, or name its --state"
        return _finding("ledger", "Ledger", HealthState.FAILED, f"{state} can't be written", hint)
    ends_at = world.now() + _QUICK
    try:
        problems = quick_check(ledger, lambda: world.now() > ends_at)
    except RotaError as error:
        return _finding("ledger", "Ledger", HealthState.FAILED, error.message)
    if not problems:
        return _finding("ledger", "Ledger", HealthState.OK, f"{ledger}: nothing wrong at a quick look")
    hint = "`rota store check` says more, `rota store restore FILE` brings a backup back"
    return _finding("ledger", "Ledger", HealthState.FAILED, f"{ledger}: {problems[0]}", hint)


def _finding(key: str, label: str, state: HealthState, note: str, hint: str = "") -> Finding:
    return Finding(key=key, label=label, state=state, note=note, hint=hint)


def _say(found: Sequence[Finding]) -> None:
    width = max(len(finding.label) for finding in found)
    for finding in found:
        say(f"{_WORDS[finding.state]:6}  {finding.label:{width}}  {finding.note}")
        if finding.hint:
            say(f"{'':6}  {'':{width}}  → {finding.hint}")


def _shape(finding: Finding) -> dict[str, Any]:
    return {
        "key": finding.key,
        "label": finding.label,
        "state": finding.state.value,
        "note": finding.note,
        "hint": finding.hint,
    }
