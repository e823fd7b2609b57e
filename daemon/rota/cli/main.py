"""The `rota` command: what there is, and where each command lives. Modules are read when they are used."""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem

from rota.cli.failure import INTERRUPTED, CouldNotAsk, Failure
from rota.core.errors import RotaError, UsageError


class Place(NamedTuple):
    """Where a command lives, and what `rota --help` says of it: a line that needs no module read."""

    at: str
    says: str


COMMANDS: Mapping[str, Place] = {
    "serve": Place("rota.cli.serve:serve", "Serve the jobs of these directories, in the foreground."),
    "runner": Place(
        "rota.cli.runner:runner", "Start, watch and reap the jobs of a daemon, in the foreground."
    ),
    "link": Place("rota.cli.link:link", "Print a one-time link that signs a browser in."),
    "validate": Place("rota.cli.validate:validate", "Check job directories and files."),
    "try": Place("rota.cli.trial:try_file", "Run a job file now, without daemon or record."),
    "env": Place("rota.cli.env:env", "With what a run of JOB would start: command, user, variables."),
    "schema": Place("rota.cli.schema:schema", "The JSON Schema of job files and trees, for editors."),
    "import": Place("rota.cli.import_jobs:import_jobs", "Turn what other schedulers have into job files."),
    "list": Place("rota.cli.jobs:list_jobs", "All jobs: state, schedule, next and last run."),
    "status": Place("rota.cli.status:status", "How things stand, of everything or of one job."),
    "watch": Place("rota.cli.watch:watch", "The page of everything or of one job, redrawn as it changes."),
    "next": Place("rota.cli.next:next_instants", "Due instants to come, and what a clock change moves."),
    "why": Place("rota.cli.why:why", "Why JOB did, or did not, run at T."),
    "plan": Place("rota.cli.plan:plan", "What job files would change of what is in force."),
    "simulate": Place("rota.cli.simulate:simulate", "Run the schedule of job files on a virtual clock."),
    "run": Place("rota.cli.run:run", "Run a job now."),
    "runs": Place("rota.cli.runs:runs", "Runs, newest first."),
    "show": Place("rota.cli.runs:show", "One run: its state and why, attempts, steps, the end of its log."),
    "diff": Place("rota.cli.diff:diff", "What RUN's job was then, and what it is now."),
    "logs": Place("rota.cli.logs:logs", "The log of a run, attempt after attempt."),
    "ps": Place("rota.cli.processes:ps", "The processes of one run, or of all that run now."),
    "cancel": Place("rota.cli.run:cancel", "Stop a run: SIGTERM to all of it, after its grace time SIGKILL."),
    "retry": Place("rota.cli.run:retry", "Begin the next attempt now, or a new run for one that has ended."),
    "pause": Place(
        "rota.cli.holds:pause", "Answer the due instants of jobs with skips until they are resumed."
    ),
    "resume": Place("rota.cli.holds:resume", "End a pause: of JOB, of a tag, or every pause there is."),
    "skip": Place("rota.cli.holds:skip", "Skip the next due instant of JOB, and no other."),
    "drain": Place("rota.cli.drain:drain", "Start nothing new, so that the host or rota can be stopped."),
    "reload": Place("rota.cli.reload:reload", "Read the job directories again."),
    "store": Place("rota.cli.store:store", "Check, copy or bring back the ledger."),
    "doctor": Place("rota.cli.doctor:doctor", "What of this host works, and what to do about the rest."),
}


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})  # what a place to write to says


class LazyGroup(click.Group):
    """Imports the module of a command when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the day: serve first, looking, then acting."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.at.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does it, without importing every command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.says) for name, place in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Like `format_commands`: whoever presses Tab waits for it."""
        items = [CompletionItem(name, help=place.says) for name, place in COMMANDS.items()]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(item for item in items if item.value.startswith(incomplete)), *options]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with a guess when there is no such command."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            guess = f", did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"there is no command {args[0]!r}{guess}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Every error that rota raises on purpose, and every wrong word, is one line and an exit status."""
        try:
            return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "rota"
            message = " ".join(error.format_message().split()).rstrip(".")
            text = f"{message}; `{where} --help` tells more"
            raise CouldNotAsk(text) from error
        except UsageError as error:
            raise CouldNotAsk(error.message) from error
        except RotaError as error:
            raise Failure(error.message) from error
        except OSError as error:
            if error.errno not in _FULL or error.filename is not None:
                raise
            raise CouldNotAsk(f"the answer can't be written: {error.strerror}") from error


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"rota {_version()}")
        ctx.exit()


def _version() -> str:
    # Read late: it reads the email package, and hardly anybody asks.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("rota")
    except PackageNotFoundError:
        return "(not installed)"


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Print the version.",
)
@click.pass_context
def rota(ctx: click.Context) -> None:
    """Jobs from YAML files, run on time, recorded, shown on a live page.

    RUN is backup.1234, or backup for the latest run of that job.

    Exit status: 0 yes; 1 the answer is no; 2 wrong usage, or nobody to ask. `run --follow`, `validate` and
    `status --check` have their own.

    Completion for the shell: eval "$(_ROTA_COMPLETE=bash_source rota)"; also zsh_source and fish_source.
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main() -> None:
    """Entry point of the installed command."""
    rota(prog_name="rota")
