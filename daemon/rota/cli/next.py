"""`rota next`: due instants to come."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click

from rota.cli.arguments import JOB
from rota.cli.client import pages, route
from rota.cli.failure import CouldNotAsk, Failure
from rota.cli.instant_text import distance_text
from rota.cli.output import Cell, count_text, note, say, say_json, say_table
from rota.cli.outside import INSTANT, INSTANT_HELP, Asking, asks_daemon
from rota.core.instant import from_ms, optional_ms
from rota.core.model import JobSpec

_FAR = datetime(9990, 1, 1, tzinfo=UTC)


@click.command("next", epilog=INSTANT_HELP)
@click.argument("job", type=JOB, required=False)
@click.option("-n", "--number", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@click.option("--from", "start", type=INSTANT, metavar="T", help="Instants after T; default: now.")
@click.option("--until", type=INSTANT, metavar="T", help="Instants up to T.")
@click.option(
    "--jobs",
    "directories",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Read these job directories instead of asking the daemon.",
)
@click.option("--host", help="With --jobs: as on the host of that name.")
@asks_daemon
def next_instants(
    asking: Asking,
    job: str | None,
    number: int,
    start: datetime | None,
    until: datetime | None,
    directories: tuple[Path, ...],
    host: str | None,
) -> None:
    """Due instants to come, with notes where a clock change moves them."""
    if host is not None and not directories:
        raise click.UsageError("--host needs --jobs: a daemon knows only its own host")
    if directories:
        after = start or asking.outside.now()
        found = _from_files(directories, host, job, after, until or _FAR, number)
    else:
        query = {"count": number, "from": optional_ms(start), "until": optional_ms(until)}
        found = _from_daemon(asking, job, query, number)
    if asking.as_json:
        say_json(found)
    else:
        _say(found, asking)


def _from_daemon(
    asking: Asking, job: str | None, query: dict[str, int | None], number: int
) -> list[dict[str, Any]]:
    if job is not None:
        answer: list[dict[str, Any]] = asking.daemon.get(route("jobs", job, "next"), query)["next"]
        return answer
    jobs = pages(asking.daemon, route("jobs"), "jobs", {})["jobs"]
    due = [each for each in jobs if each["nextAt"] is not None]
    if query["from"] is None:
        # among the first n instants are only jobs whose own first one is among the n soonest
        due = heapq.nsmallest(number, due, key=lambda each: (each["nextAt"], each["id"]))
    rows = [asking.daemon.get(route("jobs", each["id"], "next"), query)["next"] for each in due]
    return list(islice(heapq.merge(*rows, key=_when), number))


def _from_files(
    directories: tuple[Path, ...],
    host: str | None,
    job: str | None,
    after: datetime,
    until: datetime,
    number: int,
) -> list[dict[str, Any]]:
    from rota.config import jobset

    found = jobset.read(directories, host=host)
    if found.problems:
        note(f"rota: {count_text(len(found.problems), 'problem')} in these files; `rota validate` lists them")
    if job is not None and job not in found.jobs:
        raise Failure(f"there is no job {job} in {', '.join(map(str, directories))}")
    if not found.jobs and found.problems:
        raise CouldNotAsk("no job could be read")
    chosen = [found.jobs[job]] if job is not None else list(found.jobs.values())
    rows = (_instants(spec, after, until) for spec in chosen if spec.enabled)
    return list(islice(heapq.merge(*rows, key=_when), number))


def _instants(spec: JobSpec, after: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    from rota.core.schedule import due_between
    from rota.web.shapes import due_shape

    for due in due_between(spec.id, spec.triggers, after, until):
        yield due_shape(due, spec.triggers)


def _when(row: dict[str, Any]) -> tuple[int, str]:
    return row["at"], row["job"]


def _say(found: list[dict[str, Any]], asking: Asking) -> None:
    if not found:
        say("Nothing is due.")
        return
    now = asking.outside.now()
    rows: list[list[str | Cell]] = [
        [
            row["job"],
            row["local"].replace("T", " "),
            row["zone"],
            distance_text(from_ms(row["at"]), now),
            row["trigger"],
            Cell(row.get("note", ""), "yellow"),
        ]
        for row in found
    ]
    say_table(("JOB", "AT", "ZONE", "", "TRIGGER", "NOTE"), rows)
