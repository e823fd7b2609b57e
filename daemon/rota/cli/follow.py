"""Following a run: its log over all steps and attempts until it has ended."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from rota.cli.client import Daemon, route
from rota.cli.failure import NoDaemon
from rota.cli.output import log_text, note
from rota.cli.outside import Asking

EVERY_SECONDS = 0.25
PATIENCE_SECONDS = 120.0  # how long the daemon may be away while a run is followed

_LINES = 1000

Wanted = Callable[[dict[str, Any]], bool]


@dataclass(slots=True)
class Cursor:
    """How far the log of one attempt has been printed."""

    step: str
    attempt: int
    line: int = 0
    at_end: bool = False


def follow_log(asking: Asking, run: str, wanted: Wanted = lambda attempt: True) -> dict[str, Any]:
    """Print the log as it comes, attempt after attempt of those `wanted`; the run once it is final.

    Where stdout is for one JSON value the log goes to stderr.
    A daemon that restarts meanwhile is waited for: the run goes on without it.
    """
    printed: dict[tuple[str, int], Cursor] = {}
    away = 0.0
    while True:
        try:
            found: dict[str, Any] = asking.daemon.get(route("runs", run))
            _print_new(asking, {**found, "attempts": list(filter(wanted, found["attempts"]))}, printed)
            if is_final(found):
                return found
            away = 0.0
        except NoDaemon:
            if away == 0.0:
                note("the daemon does not answer; the run goes on, waiting for the daemon")
            away += EVERY_SECONDS
            if away > PATIENCE_SECONDS:
                raise
        asking.outside.wait(EVERY_SECONDS)


def print_lines(daemon: Daemon, run: str, cursor: Cursor, *, to_stderr: bool = False) -> None:
    """Print what there is behind the cursor and move it on."""
    while not cursor.at_end:
        query = {"step": cursor.step, "attempt": cursor.attempt, "from": cursor.line, "limit": _LINES}
        page = daemon.get(route("runs", run, "log"), query)
        for line in page["lines"]:
            click.echo(log_text(line["text"], sys.stderr if to_stderr else sys.stdout), err=to_stderr)
        moved = page["next"] > cursor.line
        cursor.line, cursor.at_end = page["next"], page["end"]
        if not moved:
            return


def attempt_heading(attempt: dict[str, Any]) -> str:
    """What stands above the log of an attempt when there are several."""
    if attempt["step"] == "condition":
        return "--- condition ---"
    step = "" if attempt["step"] == "main" else f"step {attempt['step']}, "
    return f"--- {step}attempt {attempt['n']} ---"


def is_final(run: dict[str, Any]) -> bool:
    """Whether it can never change again."""
    return run["state"] in ("completed", "failed", "cancelled", "skipped")


def exit_status(run: dict[str, Any]) -> int:
    """0 for a completed run, else the exit code of its work where it has one, else 1."""
    if run["state"] == "completed":
        return 0
    code = run["exitCode"]
    return code if isinstance(code, int) and 0 < code < 256 else 1


def _print_new(asking: Asking, run: dict[str, Any], printed: dict[tuple[str, int], Cursor]) -> None:
    for attempt in run["attempts"]:
        if attempt["startedAt"] is None:
            continue
        key = (attempt["step"], attempt["n"])
        if key not in printed:
            printed[key] = Cursor(*key)
            if run["steps"] or len(printed) > 1 or attempt["step"] in ("condition", "items"):
                note(attempt_heading(attempt))
        print_lines(asking.daemon, run["id"], printed[key], to_stderr=asking.as_json)
