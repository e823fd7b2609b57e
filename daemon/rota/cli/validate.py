"""`rota validate`: check job files without a daemon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rota.cli.failure import ANSWER_IS_NO, CouldNotAsk
from rota.cli.output import count_text, note, say, say_json
from rota.cli.outside import outside
from rota.core.model import JobSet
from rota.core.problems import Problem

if TYPE_CHECKING:
    from rota.config.validation import Frame

DEFAULT_DIRECTORY = Path("jobs.d")
_FORMATS = ["text", "json", "github", "sarif"]


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--strict", is_flag=True, help="Warnings count as problems.")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A rota.yaml: its time zone, pools, calendars and job directories.",
)
@click.option("--timezone", help="Zone of schedules that name none. [default: that of --config, else UTC]")
@click.pass_context
def validate(
    ctx: click.Context,
    paths: tuple[Path, ...],
    form: str,
    as_json: bool,
    strict: bool,
    config: Path | None,
    timezone: str | None,
) -> None:
    """Check job directories and files.

    Without a PATH: the directories of --config, else ./jobs.d. A file is checked together with the job
    directory it lies in, and only its own problems are told. The format github is for annotations in GitHub's
    workflows, sarif (2.1.0) for services that collect findings.

    Exit status: 0 clean (there may be warnings), 1 problems (with --strict also warnings), 2 could not run.
    """
    frame = _frame(config, timezone, outside(ctx).now())
    found = _check(paths or frame.directories or (DEFAULT_DIRECTORY,), frame)
    counted = [problem for problem in found.problems if strict or problem.severity == "error"]
    _SAYING["json" if as_json else form](found, len(counted))
    ctx.exit(ANSWER_IS_NO if counted else 0)


def _frame(config: Path | None, timezone: str | None, now: datetime) -> Frame:
    from rota.config import daemon_config, zones
    from rota.config.validation import Frame

    if timezone is not None and zones.find(timezone) is None:
        raise CouldNotAsk(f'--timezone: "{timezone}" is not a time zone ({zones.hint(timezone)})')
    if config is None:
        return Frame(timezone=timezone or "UTC", now=now)
    read = daemon_config.read(config)
    if isinstance(read, tuple):
        _say_each(read)
        raise CouldNotAsk(f"{config} has {count_text(len(read), 'problem')}: correct it first")
    return Frame(
        timezone=timezone or read.timezone,
        pools=read.pools,
        calendars=read.calendars,
        directories=read.jobs,
        now=now,
    )


def _check(paths: Sequence[Path], frame: Frame) -> JobSet:
    from rota.config import validation

    try:
        return validation.validate(paths, frame)
    except FileNotFoundError as error:
        raise CouldNotAsk(f"{error.filename}: no such file or directory") from error
    except OSError as error:
        raise CouldNotAsk(f"{error.filename}: {error.strerror}") from error


def _say_text(found: JobSet, counted: int) -> None:
    _say_each(found.problems)
    jobs = f"{count_text(len(found.jobs), 'job')} in {count_text(found.files, 'file')}"
    warnings = sum(problem.severity == "warning" for problem in found.problems)
    if errors := len(found.problems) - warnings:
        beside = f" and {count_text(warnings, 'warning')}" if warnings else ""
        note(f"{count_text(errors, 'problem')}{beside}; {jobs} checked")
    elif counted:
        note(f"{count_text(warnings, 'warning')}, by --strict as bad as problems; {jobs} checked")
    else:
        note(f"{jobs}: fine, with {count_text(warnings, 'warning')}" if warnings else f"{jobs}: fine")


def _say_each(problems: Sequence[Problem]) -> None:
    from rota.cli.problem_text import SourceLines, problem_text

    lines = SourceLines()
    for problem in problems:
        click.echo(problem_text(problem, lines))


def _say_json(found: JobSet, _: int) -> None:
    problems = [_shape(problem) for problem in found.problems]
    say_json({"files": found.files, "jobs": len(found.jobs), "problems": problems})


def _say_github(found: JobSet, _: int) -> None:
    from rota.cli.annotations import annotation

    for problem in found.problems:
        say(annotation(problem))


def _say_sarif(found: JobSet, _: int) -> None:
    from rota.cli.sarif import sarif

    say_json(sarif(found.problems, Path.cwd()))


def _shape(problem: Problem) -> dict[str, object]:
    shape = asdict(problem)
    if shape["hint"] is None:
        del shape["hint"]
    return shape


_SAYING: dict[str, Callable[[JobSet, int], None]] = {
    "text": _say_text,
    "json": _say_json,
    "github": _say_github,
    "sarif": _say_sarif,
}
