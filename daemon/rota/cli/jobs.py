"""`rota list`, `rota pause`, `rota resume`: jobs as a whole."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from rota.cli.arguments import choose_jobs, chooses_jobs
from rota.cli.client import pages, route
from rota.cli.instant_text import distance_text, instant_text, zone_name, zoned_text
from rota.cli.output import Cell, note, say, say_json, say_table, state_cell
from rota.cli.outside import INSTANT, INSTANT_HELP, Asking, asks_daemon
from rota.core.instant import from_ms, optional_ms


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


@click.command(epilog=INSTANT_HELP)
@chooses_jobs
@click.option("--until", type=INSTANT, metavar="T", help="End the pause by itself at T.")
@click.option("--note", "why", default="", help="Why, for those who see it.")
@asks_daemon
def pause(
    asking: Asking, job: str | None, tag: str | None, every: bool, until: datetime | None, why: str
) -> None:
    """Answer the due instants of jobs with skips until they are resumed."""
    wish: dict[str, object] = {"note": why} if why else {}
    if until is not None:
        wish["until"] = optional_ms(until)
    jobs = choose_jobs(asking.daemon, job, tag, every)
    _for_each(asking, "pause", [each for each in jobs if job or each["paused"] is None], wish)


@click.command()
@chooses_jobs
@asks_daemon
def resume(asking: Asking, job: str | None, tag: str | None, every: bool) -> None:
    """End the pause of jobs."""
    jobs = choose_jobs(asking.daemon, job, tag, every)
    _for_each(asking, "resume", [each for each in jobs if job or each["paused"] is not None], {})


def _for_each(asking: Asking, verb: str, jobs: list[dict[str, Any]], wish: dict[str, object]) -> None:
    changed = [asking.daemon.post(route("jobs", job["id"], verb), wish) for job in jobs]
    if asking.as_json:
        say_json({"jobs": changed, "total": len(changed), "nextCursor": None})
        return
    for job in changed:
        say(f"{job['id']}: {verb}d{_pause_end(job, asking)}")
    if not changed:
        note(f"rota: nothing to {verb}")


def _pause_end(job: dict[str, Any], asking: Asking) -> str:
    until = (job["paused"] or {}).get("until")
    return f" until {zoned_text(from_ms(until), asking.outside.zone)}" if until else ""


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
