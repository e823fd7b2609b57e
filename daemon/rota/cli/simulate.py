"""`rota simulate`: the whole schedule on a virtual clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from rota.cli.failure import COULD_NOT_ASK, CouldNotAsk
from rota.cli.output import count_text, note, say_json
from rota.cli.outside import INSTANT, INSTANT_HELP, Asking, Outside, asks_daemon

if TYPE_CHECKING:
    from rota.cli.job_sets import Found, Terms
    from rota.core.simulated import AtLimit, JobTimeline, Simulated
    from rota_catalog.tree import Document

_WEEK = timedelta(days=7)
_LONGEST = timedelta(days=366)
_DAEMON = "daemon"


@click.command(epilog=INSTANT_HELP)
@click.argument("paths", nargs=-1, metavar="[DIR... | daemon]", type=click.Path(path_type=Path))
@click.option("--from", "start", type=INSTANT, metavar="T", help="Where it begins; default: now.")
@click.option("--to", "until", type=INSTANT, metavar="T", help="Where it ends; default: a week later.")
@click.option("--host", help="As on the host of that name; default: every host.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="The rota.yaml whose zone, pools and limits hold."
)
@click.option(
    "--html", "file", type=click.Path(path_type=Path, dir_okay=False), help="Also write a page to this file."
)
@click.pass_context
@asks_daemon
def simulate(
    asking: Asking,
    ctx: click.Context,
    paths: tuple[Path, ...],
    start: datetime | None,
    until: datetime | None,
    host: str | None,
    config: Path | None,
    file: Path | None,
) -> None:
    """Run the schedule of DIR (default: those of --config, else ./jobs.d) on a virtual clock.

    Shows when jobs run, minutes in which many start, what overlap would skip, how long runs wait, and pools
    at their limit. With the word daemon: of the jobs in force, with pauses and the usual length of their
    runs. Otherwise a run takes expect.duration.max, else its timeout, else 1 minute. Every run completes;
    boots and conditions are left out. Nothing is started.

    Exit status: 0 done; 2 could not run, or the files have problems.
    """
    begin = (start or asking.outside.now().replace(second=0)).replace(microsecond=0)
    end = until or begin + _WEEK
    _check_span(begin, end)
    found, terms = _found(asking, paths, host, config)
    if found.errors:
        for problem in found.errors:
            note(str(problem))
        note(f"rota: {count_text(len(found.errors), 'problem')}; nothing is simulated")
        ctx.exit(COULD_NOT_ASK)
    from rota.core.simulation import simulate as simulated

    result = simulated(found.side, begin=begin, until=end, pauses=found.pauses)
    _say(result, terms, asking, file)


def _check_span(begin: datetime, end: datetime) -> None:
    if end <= begin:
        raise click.UsageError("--to must be later than --from")
    if end - begin > _LONGEST:
        raise click.UsageError("a simulation covers a year at most")


def _found(
    asking: Asking, paths: tuple[Path, ...], host: str | None, config: Path | None
) -> tuple[Found, Terms]:
    from rota.cli import job_sets

    written = job_sets.read_config(config)
    if [str(path) for path in paths] == [_DAEMON]:
        if host is not None or config is not None:
            raise click.UsageError("--host and --config are for directories: the daemon has its own")
        force = job_sets.ask_in_force(asking.daemon)
        return job_sets.from_daemon(force, force.terms), force.terms
    terms = job_sets.terms_of(written, host)
    directories = paths or (written.jobs if written else ()) or (job_sets.DEFAULT_DIRECTORY,)
    return job_sets.from_directories(directories, terms), terms


def _say(result: Simulated, terms: Terms, asking: Asking, file: Path | None) -> None:
    from rota.core.instant import to_ms
    from rota.views.simulation import simulation

    tree = simulation(result, host=terms.host or "", zone=ZoneInfo(terms.timezone))
    if file is not None:
        _write(file, tree, now_ms=to_ms(result.begin))
    if asking.as_json:
        say_json(shape_of(result))
    else:
        _draw(tree, asking.outside, now_ms=to_ms(result.begin))
    if file is not None:
        note(f"the page is in {file}")


def _draw(tree: Document, world: Outside, now_ms: int) -> None:
    from rota.cli.page import a_console, speaks_unicode
    from rota_renderers.terminal import render

    console = a_console()
    unicode = speaks_unicode()
    console.print(render(tree.elements, tree.root, now_ms=now_ms, width=console.width, unicode=unicode))


def _write(file: Path, tree: Document, now_ms: int) -> None:
    from rota.cli.page_file import page_file

    try:
        file.write_text(page_file(tree, title="Simulation – rota", now_ms=now_ms), encoding="utf-8")
    except OSError as error:
        raise CouldNotAsk(f"{file} can't be written: {error.strerror}") from error


def shape_of(result: Simulated) -> Mapping[str, Any]:
    """Everything as JSON: camelCase, instants and lengths in ms."""
    from rota.core.instant import length_ms, to_ms

    return {
        "from": to_ms(result.begin),
        "until": to_ms(result.until),
        "bucketMs": length_ms(result.bucket),
        "runs": result.runs,
        "jobs": [_job(job) for job in result.jobs],
        "collisions": [
            {"at": to_ms(each.at), "count": each.count, "jobs": list(each.jobs)} for each in result.collisions
        ],
        "running": _level(result.running),
        "pools": {name: _level(level) for name, level in result.pools.items()},
        "neverRun": [job.spec.id for job in result.never],
    }


def _job(job: JobTimeline) -> Mapping[str, Any]:
    from rota.core.instant import length_ms, to_ms

    return {
        "job": job.spec.id,
        "runs": job.runs,
        "lengthMs": length_ms(job.length.value),
        "lengthKnown": job.length.known.value,
        "bars": [{"at": to_ms(bar.begin), "until": to_ms(bar.end)} for bar in job.bars],
        "density": [round(share, 4) for share in job.density],
        "skipped": [
            {"reason": reason, "count": each.count, "firstAt": to_ms(each.first), "message": each.message}
            for reason, each in job.skipped.items()
        ],
        "waited": job.waited,
        "longestWaitMs": length_ms(job.longest_wait),
        "medianWaitMs": length_ms(job.median_wait),
        "leftWaiting": job.left_waiting,
        "replaced": job.replaced,
    }


def _level(level: AtLimit) -> Mapping[str, Any]:
    from rota.core.instant import length_ms, optional_ms

    return {
        "size": level.size,
        "most": level.most,
        "mostAt": optional_ms(level.most_at),
        "fullMs": length_ms(level.total),
        "fullTimes": level.times,
        "longestFullMs": length_ms(level.longest),
        "longestFullAt": optional_ms(level.longest_at),
    }
