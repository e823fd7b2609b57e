"""`rota try`: a job file is run now, without daemon or record."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import structlog

from rota.cli.failure import CouldNotAsk
from rota.cli.follow import attempt_heading, exit_status
from rota.cli.job_file import chosen_job, params_of
from rota.cli.output import end_text, log_text, note, say_json
from rota.core.model import MAIN, JobSpec
from rota.core.seams import AttemptRef


@click.command("try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter; repeatable.")
@click.option("--job", help="Which job of a file that holds several.")
@click.option("--step", help="Only this step.")
@click.option("--retry", is_flag=True, help="Try again as the job says; else there is one attempt.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON; its log goes to stderr.")
@click.pass_context
def try_file(
    ctx: click.Context,
    file: Path,
    params: tuple[str, ...],
    job: str | None,
    step: str | None,
    retry: bool,
    as_json: bool,
) -> None:
    """Run a job file now, without daemon or record.

    It gets the environment, shell and limits that it would have, as your user. Its schedule, pool and
    `enabled` don't matter. Ctrl-C ends it and all that it started.

    \b
    Exit status: 0 completed; else the exit code of its work, or 1; 2 the file
    is broken and nothing was run; 128 and the signal that ended it early.
    """
    from rota.trial import Trial, tried

    _only_warnings()
    spec = _as_wanted(chosen_job(file, job), step, retry)
    values = params_of(spec, params)
    trial = Trial(
        spec=spec, params=values, lines=_Printer(to_stderr=as_json), stopping=lambda: note("stopping it …")
    )
    found = tried(trial)
    shape = _shape(found.run)
    if as_json:
        say_json(shape)
    note(f"{spec.id}: {end_text(shape)}")
    for warning in found.run.warnings:
        note(f"warning: {warning}")
    ctx.exit(128 + found.signal if found.signal else exit_status(shape))


def _only_warnings() -> None:
    """What the engine logs of itself is for daemons; here stdout is the job's."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _as_wanted(spec: JobSpec, step: str | None, retry: bool) -> JobSpec:
    if step is not None:
        found = spec.step(step) if spec.has_steps else None
        if found is None:
            names = ", ".join(each.id for each in spec.steps if each.id != MAIN)
            raise CouldNotAsk(
                f"{spec.id} has no step {step}: " + (f"it has {names}" if names else "it has none")
            )
        spec = replace(spec, steps=(replace(found, when="success", needs=None),))
    most = max(
        spec.retry.attempts, *(step.retry.attempts for step in spec.steps if step.retry is not None), 1
    )
    if not retry and most > 1:
        note(f"one attempt; with --retry there are up to {most}")
        once = tuple(replace(step, retry=None) for step in spec.steps)
        spec = replace(spec, retry=replace(spec.retry, attempts=1), steps=once)
    return spec


class _Printer:
    """Prints the log as it comes, with a heading where another step or attempt begins."""

    def __init__(self, *, to_stderr: bool) -> None:
        self._to_stderr = to_stderr
        self._shown = (MAIN, 1)

    def __call__(self, ref: AttemptRef, lines: Sequence[str]) -> None:
        if (ref.step, ref.n) != self._shown:
            note(attempt_heading({"step": ref.step, "n": ref.n}))
            self._shown = (ref.step, ref.n)
        for line in lines:
            click.echo(log_text(line, sys.stderr if self._to_stderr else sys.stdout), err=self._to_stderr)


def _shape(run: Any) -> dict[str, Any]:
    from rota.web.shapes import run_shape

    return run_shape(run, now=run.ended_at)
