"""The `rota` command: what there is, and where each command lives. Modules are read when they are used."""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import click

from rota.cli.failure import INTERRUPTED, CouldNotAsk, Failure
from rota.core.errors import RotaError, UsageError

COMMANDS: Mapping[str, str] = {
    "serve": "rota.cli.serve:serve",
    "runner": "rota.cli.runner:runner",
    "link": "rota.cli.link:link",
    "validate": "rota.cli.validate:validate",
    "try": "rota.cli.trial:try_file",
    "env": "rota.cli.env:env",
    "schema": "rota.cli.schema:schema",
    "import": "rota.cli.import_jobs:import_jobs",
    "list": "rota.cli.jobs:list_jobs",
    "status": "rota.cli.status:status",
    "watch": "rota.cli.watch:watch",
    "next": "rota.cli.next:next_instants",
    "why": "rota.cli.why:why",
    "plan": "rota.cli.plan:plan",
    "simulate": "rota.cli.simulate:simulate",
    "run": "rota.cli.run:run",
    "runs": "rota.cli.runs:runs",
    "show": "rota.cli.runs:show",
    "diff": "rota.cli.diff:diff",
    "logs": "rota.cli.logs:logs",
    "ps": "rota.cli.processes:ps",
    "cancel": "rota.cli.run:cancel",
    "retry": "rota.cli.run:retry",
    "pause": "rota.cli.holds:pause",
    "resume": "rota.cli.holds:resume",
    "skip": "rota.cli.holds:skip",
    "drain": "rota.cli.drain:drain",
    "reload": "rota.cli.reload:reload",
    "store": "rota.cli.store:store",
    "doctor": "rota.cli.doctor:doctor",
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
        module, _, name = place.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

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
