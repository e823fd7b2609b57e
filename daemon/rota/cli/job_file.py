"""One job out of a file named on the command line, and the parameters for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from rota.cli.failure import CouldNotAsk
from rota.cli.output import count_text, note
from rota.cli.run import parse_params
from rota.core.errors import InvalidRequest
from rota.core.model import JobSpec
from rota.core.problems import Problem


def chosen_job(file: Path, job: str | None) -> JobSpec:
    """The job of that file, by id when there are several. Its problems are printed first.

    Raises CouldNotAsk when the file has an error, no job or more than one, or not the one that is named.
    """
    from rota.config.validation import validate

    found = validate([file])
    _say_problems(found.problems)
    if any(problem.severity == "error" for problem in found.problems):
        raise CouldNotAsk(f"{file} is broken, so nothing was run")
    return picked(found.jobs, job, str(file))


def jobs_below(path: Path) -> Mapping[str, JobSpec]:
    """The jobs of a directory or file as far as they can be read; how many problems there are is said."""
    from rota.config.validation import validate

    found = validate([path])
    if wrong := sum(problem.severity == "error" for problem in found.problems):
        note(f"rota: {count_text(wrong, 'problem')} in these files; `rota validate` lists them")
    return found.jobs


def picked(jobs: Mapping[str, JobSpec], job: str | None, where: str) -> JobSpec:
    """The named one, or the only one. Raises CouldNotAsk."""
    names = ", ".join(jobs) or "none"
    if job is not None and job not in jobs:
        raise CouldNotAsk(f"there is no job {job} in {where}; it has: {names}")
    if job is None and len(jobs) != 1:
        raise CouldNotAsk(f"say which job of {where} with --job; it has: {names}")
    return jobs[job] if job is not None else next(iter(jobs.values()))


def params_of(spec: JobSpec, words: Sequence[str]) -> dict[str, object]:
    """NAME=VALUE words as the parameters of a run, with defaults. Raises CouldNotAsk for wrong ones."""
    from rota.handlers.params import checked_params

    try:
        return checked_params(spec.params, parse_params(words, spec.params))
    except InvalidRequest as error:
        raise CouldNotAsk(error.message) from error


def _say_problems(problems: Sequence[Problem]) -> None:
    from rota.cli.problem_text import SourceLines, problem_text

    lines = SourceLines()
    for problem in problems:
        click.echo(problem_text(problem, lines), err=True)
