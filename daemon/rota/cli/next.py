"""`rota next`: due instants to come."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from rota.cli.arguments import JOB
from rota.cli.client import pages, route
from rota.cli.failure import CouldNotAsk, Failure
from rota.cli.instant_text import distance_text
from rota.cli.output import Cell, count_text, note, say, say_json, say_table
from rota.cli.outside import INSTANT, INSTANT_HELP, Asking, asks_daemon
from rota.core.board import Situation
from rota.core.instant import from_ms, optional_ms
from rota.core.model import JobSpec
from rota.core.nominal import FAR


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
@click.option("--skipped", is_flag=True, help="Also instants that an exception of the schedule takes out.")
@click.option("--host", help="With --jobs: as on the host of that name; default: this one.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="With --jobs: the rota.yaml whose zone, host and calendars hold.",
)
@asks_daemon
def next_instants(
    asking: Asking,
    job: str | None,
    number: int,
    start: datetime | None,
    until: datetime | None,
    directories: tuple[Path, ...],
    host: str | None,
    config: Path | None,
    skipped: bool,
) -> None:
    """Due instants to come, with notes where a clock change moves them.

    AT is the nominal instant, STARTS the one at which its run begins: `spread` delays it, by a hash of host,
    job and instant. What comes after other jobs, or after the end of a run under way, has no instant yet.
    """
    if (host is not None or config is not None) and not directories:
        raise click.UsageError("--host and --config need --jobs: a daemon knows its own host and calendars")
    if directories:
        after = start or asking.outside.now()
        wanted = _Wanted(job=job, after=after, until=until or FAR, number=number, skipped=skipped)
        found = _from_files(directories, config, host, wanted)
    else:
        query: dict[str, int | str | None] = {
            "count": number,
            "from": optional_ms(start),
            "until": optional_ms(until),
            "skipped": "true" if skipped else None,
        }
        found = _from_daemon(asking, job, query, number)
    if asking.as_json:
        say_json(found)
    elif not found and job is not None and not directories:
        say(f"Nothing is due: {job} runs {asking.daemon.get(route('jobs', job))['schedule']['text']}.")
    else:
        _say(found, asking)


def _from_daemon(
    asking: Asking, job: str | None, query: dict[str, int | str | None], number: int
) -> list[dict[str, Any]]:
    if job is not None:
        answer: list[dict[str, Any]] = asking.daemon.get(route("jobs", job, "next"), query)["next"]
        return answer
    jobs = pages(asking.daemon, route("jobs"), "jobs", {})["jobs"]
    due = [each for each in jobs if each["nextAt"] is not None or query["skipped"]]
    if query["from"] is None and query["skipped"] is None:
        # among the first n instants are only jobs whose own first one is among the n soonest
        due = heapq.nsmallest(number, due, key=lambda each: (each["nextAt"], each["id"]))
    rows = [asking.daemon.get(route("jobs", each["id"], "next"), query)["next"] for each in due]
    return list(islice(heapq.merge(*rows, key=_when), number))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which instants; `skipped`: also those in an exception."""

    job: str | None
    after: datetime
    until: datetime
    number: int
    skipped: bool


def _from_files(
    directories: tuple[Path, ...], config: Path | None, host: str | None, wanted: _Wanted
) -> list[dict[str, Any]]:
    from rota.cli.job_sets import read_config, terms_of
    from rota.config.jobset import JobReader
    from rota.host.listen import host_name

    written = read_config(config)
    host = host or (written.host if written is not None else None) or host_name()
    found = JobReader(directories, terms_of(written, host).surroundings).read()
    if found.problems:
        note(f"rota: {count_text(len(found.problems), 'problem')} in these files; `rota validate` lists them")
    if wanted.job is not None and wanted.job not in found.jobs:
        where = ", ".join(map(str, directories))
        raise Failure(f"there is no job {wanted.job} in {where} for the host {host}; --host names another")
    if not found.jobs and found.problems:
        raise CouldNotAsk("no job could be read")
    chosen = [found.jobs[wanted.job]] if wanted.job is not None else list(found.jobs.values())
    rows = (_instants(spec, wanted) for spec in chosen if spec.enabled)
    return list(islice(heapq.merge(*rows, key=_when), wanted.number))


def _instants(spec: JobSpec, wanted: _Wanted) -> Iterator[dict[str, Any]]:
    from rota.core.schedule import due_between, owed_between
    from rota.web.shapes import due_shape

    between = due_between if wanted.skipped else owed_between
    # Of a schedule that is new: what counts from the end of a run counts from its load.
    situation = Situation(counts_from=wanted.after)
    for due in between(spec.id, spec.triggers, wanted.after, wanted.until, situation):
        yield due_shape(due, spec.triggers)


def _when(row: dict[str, Any]) -> tuple[int, str]:
    return row["startsAt"], row["job"]


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
            _start(row),
            distance_text(from_ms(row["startsAt"]), now),
            row["trigger"],
            Cell(row.get("note", ""), "yellow"),
        ]
        for row in found
    ]
    say_table(("JOB", "AT", "ZONE", "STARTS", "", "TRIGGER", "NOTE"), rows)


def _start(row: dict[str, Any]) -> str:
    """The time of the day at which it starts, where that is not its own."""
    if row["startsAt"] == row["at"]:
        return ""
    return f"{from_ms(row['startsAt']).astimezone(ZoneInfo(row['zone'])):%H:%M:%S}"
