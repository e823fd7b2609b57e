"""`rota plan`: what a change of the job files will do, before it is in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from rota.cli.failure import ANSWER_IS_NO, COULD_NOT_ASK, CouldNotAsk, NoDaemon, Refused
from rota.cli.output import count_text, note, say, say_json
from rota.cli.outside import Asking, asks_daemon

if TYPE_CHECKING:
    from rota.cli.job_sets import Found, Terms
    from rota.core.comparison import Comparison
    from rota.core.problems import Problem

_MOST_HOURS = 31 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The sets to compare, and in words what the old one is."""

    before: Found
    after: Found
    against: str
    terms: Terms


@click.command()
@click.argument("paths", nargs=-1, metavar="[DIR]...", type=click.Path(path_type=Path))
@click.option(
    "--against",
    metavar="REV|DIR|daemon",
    help="What it is compared with. Default: the daemon when it answers, else HEAD.",
)
@click.option(
    "--hours",
    type=click.FloatRange(0, _MOST_HOURS, min_open=True),
    default=24,
    show_default=True,
    help="How far ahead due instants are compared.",
)
@click.option("--host", help="As on the host of that name. Default: the daemon's, else every host.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="The rota.yaml whose zone, pools and calendars hold."
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)
@click.pass_context
@asks_daemon
def plan(
    asking: Asking,
    ctx: click.Context,
    paths: tuple[Path, ...],
    against: str | None,
    hours: float,
    host: str | None,
    config: Path | None,
    form: str,
) -> None:
    """What the job files in DIR (default: those of --config, else ./jobs.d) will change.

    Compared with the running daemon, another directory, or a git revision of the same directories: jobs and
    their keys, due instants of the next hours, and how many runs go on at the same time. Nothing is changed.

    Exit status: 0 nothing changes; 1 something changes; 2 could not run, or the files have problems.
    """
    form = "json" if asking.as_json else form
    sides = _sides(asking, paths, against, host, config)
    head = _head(sides, host)
    if sides.after.errors:
        _say_broken(sides, head, form)
        ctx.exit(COULD_NOT_ASK)
    found = _compared(sides, asking.outside.now(), hours)
    _FORMS[form](found, sides, head)
    ctx.exit(0 if found.is_empty else ANSWER_IS_NO)


def _sides(
    asking: Asking, paths: tuple[Path, ...], against: str | None, host: str | None, config: Path | None
) -> Sides:
    from rota.cli import job_sets

    written = job_sets.read_config(config)
    directories = paths or (written.jobs if written else ()) or (job_sets.DEFAULT_DIRECTORY,)
    terms = job_sets.terms_of(written, host)
    if against in (None, "daemon"):
        try:
            force = job_sets.ask_in_force(asking.daemon)
        except (NoDaemon, Refused):
            if against == "daemon":
                raise
        else:
            return _against_daemon(force, terms if written else None, directories, host)
    return _against_files(against or "HEAD", terms, directories)


def _against_daemon(
    force: object, own: Terms | None, directories: tuple[Path, ...], host: str | None
) -> Sides:
    from rota.cli import job_sets

    assert isinstance(force, job_sets.InForce)
    if host is not None and host != force.terms.host:
        raise CouldNotAsk(
            f"the daemon runs on {force.terms.host} and knows no other host: "
            f"compare with --against REV or DIR to see {host}"
        )
    terms = own or force.terms
    return Sides(
        before=job_sets.from_daemon(force, force.terms),
        after=job_sets.from_directories(directories, terms, force.medians),
        against=f"the running daemon on {force.terms.host}",
        terms=terms,
    )


def _against_files(against: str, terms: Terms, directories: tuple[Path, ...]) -> Sides:
    from rota.cli import job_sets
    from rota.cli.git_tree import find_revision

    after = job_sets.from_directories(directories, terms)
    if Path(against).is_dir():
        before, name = job_sets.from_directories([Path(against)], terms), against
    else:
        revision = find_revision(directories[0], against)
        before, name = job_sets.from_revision(revision, directories, terms), revision.shown
    names = ", ".join(map(str, directories))
    return Sides(before=before, after=after, against=f"{name}, of {names}", terms=terms)


def _compared(sides: Sides, now: datetime, hours: float) -> Comparison:
    from rota.core.comparison import compare

    begin = now.replace(microsecond=0)
    return compare(sides.before.side, sides.after.side, begin=begin, until=begin + timedelta(hours=hours))


def _head(sides: Sides, host: str | None) -> str:
    where = host or sides.terms.host
    seen = f"as on the host {where}" if where else "for every host"
    left_out = len(sides.before.errors)
    lacks = f"; {count_text(left_out, 'problem')} there, whose jobs count as new" if left_out else ""
    return f"Compared with {sides.against}, {seen}{lacks}."


def _say_text(found: Comparison, sides: Sides, head: str) -> None:
    from rota.cli.plan_text import lines_of

    say(head)
    for problem in sides.after.problems:
        say(str(problem))
    for line in lines_of(found, ZoneInfo(sides.terms.timezone)):
        click.echo(line)


def _say_markdown(found: Comparison, sides: Sides, head: str) -> None:
    from rota.cli.plan_markdown import document

    click.echo(document(found, head, ZoneInfo(sides.terms.timezone), sides.after.problems), nl=False)


def _say_shape(found: Comparison, sides: Sides, head: str) -> None:
    from rota.cli.plan_shape import shape_of

    say_json({"against": sides.against, "host": sides.terms.host, **shape_of(found, sides.after.problems)})


_FORMS: dict[str, Callable[[Comparison, Sides, str], None]]
_FORMS = {"text": _say_text, "markdown": _say_markdown, "json": _say_shape}


def _say_broken(sides: Sides, head: str, form: str) -> None:
    problems: tuple[Problem, ...] = sides.after.problems
    if form == "json":
        from rota.web.shapes import problem_shape

        say_json({"against": sides.against, "problems": [problem_shape(each) for each in problems]})
    elif form == "markdown":
        from rota.cli.plan_markdown import broken

        click.echo(broken(problems, head), nl=False)
    else:
        for problem in problems:
            say(str(problem))
    note(f"rota: {count_text(len(sides.after.errors), 'problem')} in these files; no plan is made of them")
