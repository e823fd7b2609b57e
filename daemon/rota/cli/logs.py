"""`rota logs`: what a run wrote."""

from __future__ import annotations

from typing import Any

import click

from rota.cli.arguments import RUN
from rota.cli.client import route
from rota.cli.failure import Failure
from rota.cli.follow import Cursor, attempt_heading, follow_log, print_lines
from rota.cli.output import note, say_json
from rota.cli.outside import Asking, asks_daemon
from rota.core.model import CONDITION


@click.command()
@click.argument("run", type=RUN)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--step", help="Only this step.")
@click.option("--attempt", type=click.IntRange(1), help="Only this attempt.")
@asks_daemon
def logs(asking: Asking, run: str, follow: bool, step: str | None, attempt: int | None) -> None:
    """The log of a run, attempt after attempt; headings go to stderr."""

    def is_wanted(each: dict[str, Any]) -> bool:
        return step in (None, each["step"]) and attempt in (None, each["n"])

    found = asking.daemon.get(route("runs", run))
    if follow and not asking.as_json:
        follow_log(asking, found["id"], is_wanted)
        return
    if follow:
        found = follow_log(asking, found["id"], lambda each: False)
    chosen = [each for each in found["attempts"] if is_wanted(each) and each["startedAt"] is not None]
    if not chosen and (step or attempt):
        raise Failure(f"{found['id']} has no such attempt; it has: {_attempts(found)}")
    if asking.as_json:
        say_json([line for each in chosen for line in _lines(asking, found["id"], each)])
        return
    _print(asking, found, chosen)


def _print(asking: Asking, found: dict[str, Any], chosen: list[dict[str, Any]]) -> None:
    if not chosen and found.get("children") is not None:
        note(f"{found['id']} has no log of its own, its children have: `rota runs {found['id']}` lists them")
    for each in chosen:
        if len(chosen) > 1 or each["step"] == CONDITION:
            note(attempt_heading(each))
        print_lines(asking.daemon, found["id"], Cursor(each["step"], each["n"]))


def _lines(asking: Asking, run: str, attempt: dict[str, Any]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    start = 0
    while True:
        query = {"step": attempt["step"], "attempt": attempt["n"], "from": start, "limit": 1000}
        page = asking.daemon.get(route("runs", run, "log"), query)
        lines.extend({"step": attempt["step"], "attempt": attempt["n"], **line} for line in page["lines"])
        if page["end"] or page["next"] == start:
            return lines
        start = page["next"]


def _attempts(run: dict[str, Any]) -> str:
    return ", ".join(f"{each['step']} {each['n']}" for each in run["attempts"]) or "none"
