"""`rota list`: jobs as a whole."""

from __future__ import annotations

from typing import Any

import click

from rota.cli.client import pages, route
from rota.cli.instant_text import distance_text, instant_text, zone_name
from rota.cli.output import Cell, say, say_json, say_table, state_cell
from rota.cli.outside import Asking, asks_daemon
from rota.core.instant import from_ms


@click.command("list")
@click.option("--tag", help="Only jobs with this tag.")
@asks_daemon
def list_jobs(asking: Asking, tag: str | None) -> None:
    """All jobs: state, schedule, next and last run."""
    found = pages(asking.daemon, route("jobs"), "jobs", {"tag": tag})
    if asking.as_json:
        say_json(found)
        return
    if not found["jobs"]:
        say("No jobs." if tag is None else f"No jobs with the tag {tag}.")
        return
    zone = asking.outside.zone
    name = zone_name(zone, asking.outside.now())
    head = ("JOB", "STATE", "SCHEDULE", f"NEXT ({name})", "", "LAST RUN", "")
    say_table(head, [_row(job, asking) for job in found["jobs"]])


def _row(job: dict[str, Any], asking: Asking) -> list[str | Cell]:
    world = asking.outside
    now = world.now()
    next_at = from_ms(job["nextAt"]) if job["nextAt"] is not None else None
    last = job["lastRun"]
    ended = from_ms(last["endedAt"]) if last and last["endedAt"] is not None else None
    return [
        job["id"] + (" (last good version)" if job["stale"] else ""),
        state_cell("not run yet" if job["state"] == "unknown" and last is None else job["state"]),
        job["schedule"]["text"] or "by hand",
        instant_text(next_at, world.zone) if next_at else "-",
        distance_text(next_at, now) if next_at else "",
        state_cell(last["state"]) if last else Cell("never"),
        distance_text(ended, now) if ended else "",
    ]
