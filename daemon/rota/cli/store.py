"""`rota store`: the ledger as a file. Needs no daemon."""

from __future__ import annotations

import os
from pathlib import Path

import click

from rota.cli.failure import ANSWER_IS_NO
from rota.cli.output import say, say_json
from rota.cli.outside import outside
from rota.process.layout import find_layout

_STATE = click.option(
    "--state", type=click.Path(path_type=Path), help="State directory of the daemon. [env: ROTA_STATE]"
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def store() -> None:
    """Check, copy or bring back the ledger."""


@store.command()
@_STATE
@_JSON
@click.pass_context
def check(ctx: click.Context, state: Path | None, as_json: bool) -> None:
    """Read the whole ledger; exit 1 when something is wrong with it."""
    from rota.store import backup

    ledger = _ledger(state)
    problems = backup.check(ledger)
    if as_json:
        say_json({"ledger": str(ledger), "problems": problems})
    else:
        say(f"{ledger}: sound" if not problems else f"{ledger}: damaged")
        for problem in problems:
            say(f"  {problem}")
        if problems:
            say("Bring a backup back: `rota store restore FILE`.")
    ctx.exit(ANSWER_IS_NO if problems else 0)


@store.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@_STATE
@_JSON
def take_backup(file: Path, state: Path | None, as_json: bool) -> None:
    """Copy the ledger to FILE, also while the daemon runs."""
    from rota.store import backup

    written = backup.backup(_ledger(state), file)
    size = written.stat().st_size
    if as_json:
        say_json({"file": str(written), "bytes": size})
    else:
        say(f"{written}: {size} bytes")


@store.command()
@click.argument("file", type=click.Path(path_type=Path))
@_STATE
@_JSON
@click.pass_context
def restore(ctx: click.Context, file: Path, state: Path | None, as_json: bool) -> None:
    """Put the backup FILE in the place of the ledger. The daemon must be stopped."""
    from rota.host.lock import lock_state
    from rota.store import backup

    ledger = _ledger(state)
    with lock_state(ledger.parent):
        old = backup.restore(file, ledger, at=outside(ctx).now())
    if as_json:
        say_json({"ledger": str(ledger), "before": str(old) if old else None})
    else:
        say(f"{ledger}: restored from {file}" + (f"; what was there is {old}" if old else ""))


def _ledger(state: Path | None) -> Path:
    from rota.store.backup import ledger_path

    return ledger_path(find_layout(os.environ, uid=os.getuid(), state=state).state)
