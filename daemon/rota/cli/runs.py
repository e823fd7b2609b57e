"""`rota runs` and `rota show`: what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from rota.cli.arguments import JOB, RUN
from rota.cli.client import pages, route
from rota.cli.instant_text import instant_text, length_text, zone_name
from rota.cli.output import Cell, note, say, say_json, say_table, state_cell
from rota.cli.outside import INSTANT, INSTANT_HELP, Asking, asks_daemon
from rota.cli.page import fetch_tree, say_tree
from rota.core.instant import from_ms, optional_ms
from rota.core.templates import as_text

_ITEM = 40  # characters of an item in a table


@click.command(epilog=INSTANT_HELP)
@click.argument("job", type=JOB, required=False)
@click.option("--failed", is_flag=True, help="Only runs that failed.")
@click.option("--skipped", is_flag=True, help="With the due instants that were skipped, and why.")
@click.option("--since", type=INSTANT, metavar="T", help="Only runs made at or after T.")
@click.option("--until", type=INSTANT, metavar="T", help="Only runs made before T.")
@click.option("-n", "--number", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@asks_daemon
def runs(
    asking: Asking,
    job: str | None,
    failed: bool,
    skipped: bool,
    since: datetime | None,
    until: datetime | None,
    number: int,
) -> None:
    """Runs, newest first. Instead of a job name a run of a batch, such as import.12, to see its children."""
    query: dict[str, object] = {
        "state": "failed" if failed else None,
        "skipped": skipped,
        "since": optional_ms(since),
        "until": optional_ms(until),
    }
    path = route("runs")
    if job is not None and "." in job:
        query["parent"] = job
    elif job is not None:
        path = route("jobs", job, "runs")
    found = pages(asking.daemon, path, "runs", query, limit=number)
    if asking.as_json:
        say_json(found)
        return
    if not found["runs"]:
        say("No runs.")
        return
    started = f"STARTED ({zone_name(asking.outside.zone, asking.outside.now())})"
    head = ("RUN", "STATE", started, "TOOK", "ITEM" if "parent" in query else "TRIGGER", "")
    say_table(head, [_row(run, asking) for run in found["runs"]])
    if found["total"] > len(found["runs"]):
        more = "+" if found.get("totalIsCapped") else ""
        note(f"{len(found['runs'])} of {found['total']}{more} runs; more with -n")


@click.command()
@click.argument("run", type=RUN)
@asks_daemon
def show(asking: Asking, run: str) -> None:
    """One run: its state and why, attempts, steps, the end of its log."""
    found = asking.daemon.get(route("runs", run))
    if asking.as_json:
        say_json(found)
        return
    say_tree(fetch_tree(asking.daemon, f"run/{found['id']}"), asking.outside)


def _row(run: dict[str, Any], asking: Asking) -> list[str | Cell]:
    began = run["startedAt"] if run["startedAt"] is not None else run["createdAt"]
    return [
        run["id"],
        state_cell(run["state"]),
        instant_text(from_ms(began), asking.outside.zone),
        _took(run, asking.outside.now()),
        _item(run["items"]) if "items" in run else run["trigger"].replace("_", " "),
        run["message"] + (f" ({run['count']} due instants)" if run["count"] > 1 else ""),
    ]


def _item(items: list[object]) -> str:
    text = " ".join(as_text(items[0] if len(items) == 1 else items).split())
    return text if len(text) <= _ITEM else f"{text[: _ITEM - 1]}…"


def _took(run: dict[str, Any], now: datetime) -> str:
    if run["startedAt"] is None:
        return "-"
    ended = now if run["endedAt"] is None else from_ms(run["endedAt"])
    return length_text(ended - from_ms(run["startedAt"]))
