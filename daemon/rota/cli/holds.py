"""`rota pause`, `rota resume`, `rota skip`: hold back jobs, or one due instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from rota.cli.arguments import JOB, chooses_jobs, chosen_jobs
from rota.cli.client import pages, route
from rota.cli.failure import Failure
from rota.cli.instant_text import zoned_text
from rota.cli.output import count_text, note, say, say_json
from rota.cli.outside import INSTANT, INSTANT_HELP, Asking, asks_daemon
from rota.core.instant import from_ms, optional_ms
from rota_renderers.plain import one_line

_STATUS = "Exit status: 0 done; 1 the daemon refused, with the reason; 2 wrong usage, or nobody to ask."


@click.command(epilog=f"{INSTANT_HELP}\n\n{_STATUS}")
@chooses_jobs
@click.option("--until", type=INSTANT, metavar="T", help="End the pause by itself at T.")
@click.option("--note", "why", default="", help="Why, for those who see it.")
@asks_daemon
def pause(
    asking: Asking, job: str | None, tag: str | None, every: bool, until: datetime | None, why: str
) -> None:
    """Answer the due instants of jobs with skips until they are resumed.

    A pause of a tag or of all jobs also holds jobs that appear later. A second pause of the same replaces the
    first.
    """
    chosen = chosen_jobs(job, tag, every)
    wish: dict[str, object] = {"note": why} if why else {}
    if until is not None:
        wish["until"] = optional_ms(until)
    if chosen.job is not None:
        before = _own_pause(asking.daemon.get(route("jobs", chosen.job)))
        answer = asking.daemon.post(route("jobs", chosen.job, "pause"), wish)
        new, replaced = _own_pause(answer), before
    else:
        answer = asking.daemon.post(route("pauses"), {**chosen.scope, **wish})
        new, replaced = answer["pause"], answer["replaced"]
    if asking.as_json:
        say_json(answer)
        return
    held = f" ({_held(answer['pause']['jobs'], tag)})" if chosen.job is None else ""
    instead = f", instead of {_pause_words(replaced, asking)}" if replaced else ""
    say(f"{chosen.words}: {_pause_words(new, asking)}{held}{instead}")


@click.command(epilog=f"{_STATUS} Also 1 when something else still holds JOB.")
@chooses_jobs
@click.option(
    "--catch-up", is_flag=True, help="The instants that were skipped run by the job's missed policy."
)
@asks_daemon
def resume(asking: Asking, job: str | None, tag: str | None, every: bool, catch_up: bool) -> None:
    """End a pause: of JOB, of a tag, or (--all) every pause there is."""
    chosen = chosen_jobs(job, tag, every)
    wish: dict[str, object] = {"catchUp": True} if catch_up else {}
    if chosen.job is not None:
        answer = asking.daemon.post(route("jobs", chosen.job, "resume"), wish)
        left = answer["pauses"]
    else:
        answer = asking.daemon.post(route("pauses", "resume"), {**chosen.scope, **wish})
        left = []
    if asking.as_json:
        say_json(answer)
    else:
        say(f"{chosen.words}: resumed")
    if left:
        raise Failure(f"{chosen.words} is still paused with {scope_words(left[0]['scope'])}: {how(left)}")
    if chosen.tag is not None:
        _tell_still_paused(asking, chosen.tag)


@click.command(epilog=_STATUS)
@click.argument("job", type=JOB)
@click.option("--undo", is_flag=True, help="Do not skip it after all.")
@click.option("--note", "why", default="", help="Why, for those who see it.")
@asks_daemon
def skip(asking: Asking, job: str, undo: bool, why: str) -> None:
    """Skip the next due instant of JOB, and no other."""
    if undo and why:
        raise click.UsageError("--note has no meaning with --undo")
    wish: dict[str, object] = {"undo": True} if undo else ({"note": why} if why else {})
    answer = asking.daemon.post(route("jobs", job, "skip"), wish)
    if asking.as_json:
        say_json(answer)
    elif undo:
        say(f"{job}: the next run will not be skipped")
    else:
        at = answer["skipNext"]["at"]
        which = "the next run" if at is None else f"the run at {zoned_text(from_ms(at), asking.outside.zone)}"
        say(f"{job}: {which} will be skipped")


def _held(count: int, tag: str | None) -> str:
    if count or tag is None:
        return f"{count_text(count, 'job')} now"
    return "no job has this tag now"


def scope_words(scope: str) -> str:
    """ "all jobs", or "all jobs tagged nightly"."""
    return "all jobs" if scope == "all" else f"all jobs tagged {scope.removeprefix('tag:')}"


def how(pauses: Sequence[dict[str, Any]]) -> str:
    """What ends pauses of many jobs."""
    scopes = [pause["scope"] for pause in pauses]
    if "all" in scopes:
        return "rota resume --all"
    return "; ".join(f"rota resume --tag {scope.removeprefix('tag:')}" for scope in scopes)


def _tell_still_paused(asking: Asking, tag: str) -> None:
    found = pages(asking.daemon, route("jobs"), "jobs", {"tag": tag})["jobs"]
    still = [job["id"] for job in found if job["paused"] is not None]
    if still:
        note(f"rota: still paused otherwise: {', '.join(still[:10])}{', …' if len(still) > 10 else ''}")


def _own_pause(job: dict[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = next((pause for pause in job["pauses"] if pause["scope"] == "job"), None)
    return found


def _pause_words(pause: dict[str, Any] | None, asking: Asking) -> str:
    if pause is None:
        return "paused"
    end = f" until {zoned_text(from_ms(pause['until']), asking.outside.zone)}" if pause["until"] else ""
    return f"paused{end}" + (f" ({one_line(pause['note'])})" if pause["note"] else "")
