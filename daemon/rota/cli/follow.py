"""Following a run: its log over all steps and attempts until it has ended."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click

from rota.cli.client import Daemon, route
from rota.cli.failure import NoDaemon
from rota.cli.output import log_text, note
from rota.cli.outside import Asking

EVERY_SECONDS = 0.25
CHILDREN_SECONDS = 5.0  # how often the children of a batch are counted at most
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
    printed = _Printed()
    away = 0.0
    while True:
        try:
            found: dict[str, Any] = asking.daemon.get(route("runs", run))
            _print_new(asking, {**found, "attempts": list(filter(wanted, found["attempts"]))}, printed)
            if is_final(found):
                return found
            _tell_children(found, printed)
            away = 0.0
        except NoDaemon:
            if away == 0.0:
                note("the daemon does not answer; the run goes on, waiting for the daemon")
            away += EVERY_SECONDS
            if away > PATIENCE_SECONDS:
                raise
        asking.outside.wait(EVERY_SECONDS)


def print_lines(
    daemon: Daemon, run: str, cursor: Cursor, *, to_stderr: bool = False, heading: str = ""
) -> bool:
    """Print what there is behind the cursor and move it on; `heading` stands above the first line.

    Answers whether there was any.
    """
    start = cursor.line
    while not cursor.at_end:
        query = {"step": cursor.step, "attempt": cursor.attempt, "from": cursor.line, "limit": _LINES}
        page = daemon.get(route("runs", run, "log"), query)
        if page["lines"] and heading:
            note(heading)
            heading = ""
        for line in page["lines"]:
            click.echo(log_text(line["text"], sys.stderr if to_stderr else sys.stdout), err=to_stderr)
        moved = page["next"] > cursor.line
        cursor.line, cursor.at_end = page["next"], page["end"]
        if not moved:
            break
    return cursor.line > start


def attempt_heading(attempt: dict[str, Any]) -> str:
    """What stands above the log of an attempt when there are several."""
    if attempt["step"] == "condition":
        return "--- condition ---"
    if attempt["step"] == "items":
        return f"--- search for items{', attempt ' + str(attempt['n']) if attempt['n'] > 1 else ''} ---"
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


@dataclass(slots=True)
class _Printed:
    """What has been printed of each attempt, and whose lines are the last ones on the screen.

    `counts` is what was said of the children of a batch, `quiet` the seconds since.
    """

    cursors: dict[tuple[str, int], Cursor] = field(default_factory=dict)
    last: tuple[str, int] | None = None
    counts: str = ""
    quiet: float = CHILDREN_SECONDS


def _tell_children(run: dict[str, Any], printed: _Printed) -> None:
    printed.quiet += EVERY_SECONDS
    if run.get("children") is None or printed.quiet < CHILDREN_SECONDS or run["message"] == printed.counts:
        return
    printed.counts, printed.quiet = run["message"], 0.0
    note(f"--- children: {printed.counts} ---")


def _print_new(asking: Asking, run: dict[str, Any], printed: _Printed) -> None:
    for attempt in run["attempts"]:
        if attempt["startedAt"] is None:
            continue
        key = (attempt["step"], attempt["n"])
        if key not in printed.cursors:
            printed.cursors[key] = Cursor(*key)
            if run["steps"] or len(printed.cursors) > 1 or attempt["step"] in ("condition", "items"):
                note(attempt_heading(attempt))
            printed.last = key
        # Of steps side by side the lines take turns.
        heading = "" if printed.last == key else attempt_heading(attempt)
        cursor = printed.cursors[key]
        if print_lines(asking.daemon, run["id"], cursor, to_stderr=asking.as_json, heading=heading):
            printed.last = key
