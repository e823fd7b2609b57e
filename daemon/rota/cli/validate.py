"""`rota validate`: check job files without a daemon."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from rota.cli.failure import ANSWER_IS_NO, CouldNotAsk
from rota.cli.output import count_text, note, say, say_json
from rota.core.model import JobSet
from rota.core.problems import Problem

DEFAULT_DIRECTORY = Path("jobs.d")


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--strict", is_flag=True, help="Warnings count as problems.")
@click.option("--timezone", default="UTC", show_default=True, help="Zone of schedules that name none.")
@click.pass_context
def validate(
    ctx: click.Context, paths: tuple[Path, ...], form: str, as_json: bool, strict: bool, timezone: str
) -> None:
    """Check job directories and files; ./jobs.d when none is named.

    Exit status: 0 clean, 1 problems, 2 could not run.
    """
    found = _check(paths or (DEFAULT_DIRECTORY,), timezone)
    counted = [problem for problem in found.problems if strict or problem.severity == "error"]
    if as_json or form == "json":
        say_json(
            {"files": found.files, "jobs": len(found.jobs), "problems": [_shape(p) for p in found.problems]}
        )
    else:
        _say_problems(found, len(counted))
    ctx.exit(ANSWER_IS_NO if counted else 0)


def _check(paths: tuple[Path, ...], timezone: str) -> JobSet:
    from rota.config import validation

    try:
        for path in paths:
            if not path.exists():
                raise CouldNotAsk(f"{path}: no such file or directory")
        return validation.validate(paths, timezone=timezone)
    except OSError as error:
        raise CouldNotAsk(f"{error.filename}: {error.strerror}") from error


def _say_problems(found: JobSet, counted: int) -> None:
    for problem in found.problems:
        say(str(problem))
    jobs = f"{count_text(len(found.jobs), 'job')} in {count_text(found.files, 'file')}"
    if counted:
        note(f"{count_text(counted, 'problem')}; {jobs} checked")
    else:
        note(f"{jobs}: fine")


def _shape(problem: Problem) -> dict[str, object]:
    shape = asdict(problem)
    if shape["hint"] is None:
        del shape["hint"]
    return shape
