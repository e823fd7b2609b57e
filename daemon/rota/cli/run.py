"""`rota run`, `rota cancel`, `rota retry`: start and stop work by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from rota.cli.arguments import JOB, RUN
from rota.cli.client import route
from rota.cli.failure import INTERRUPTED
from rota.cli.follow import exit_status, follow_log
from rota.cli.output import end_text, note, say, say_json
from rota.cli.outside import INSTANT, INSTANT_HELP, Asking, asks_daemon
from rota.core.errors import RotaError
from rota.core.instant import to_ms

_TYPED = ("integer", "number", "boolean", "array", "object", "null")


@click.command(epilog=INSTANT_HELP)
@click.argument("job", type=JOB)
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter; repeatable.")
@click.option("--for", "due", type=INSTANT, metavar="T", help="The instant that the run is for.")
@click.option("--follow", is_flag=True, help="Print its log as it comes; exit with the status of the run.")
@click.pass_context
@asks_daemon
def run(
    asking: Asking, ctx: click.Context, job: str, params: tuple[str, ...], due: datetime | None, follow: bool
) -> None:
    """Run a job now."""
    wish: dict[str, object] = {}
    if params:
        wish["params"] = parse_params(params, asking.daemon.get(route("jobs", job))["params"])
    if due is not None:
        wish["scheduledFor"] = to_ms(due)
    started = asking.daemon.post(route("jobs", job, "runs"), wish)
    if follow:
        _follow(ctx, asking, started)
    elif asking.as_json:
        say_json(started)
    else:
        say(started["id"])
        note(_whereabouts(started))


@click.command()
@click.argument("run", type=RUN)
@click.option("--now", is_flag=True, help="Kill it at once, without its grace time.")
@asks_daemon
def cancel(asking: Asking, run: str, now: bool) -> None:
    """Stop a run: SIGTERM to all of it, after its grace time SIGKILL."""
    found = asking.daemon.post(route("runs", run, "cancel"), {"immediately": True} if now else {})
    if asking.as_json:
        say_json(found)
        return
    ended = found["state"] == "cancelled"
    say(f"{found['id']}: {'cancelled' if ended else 'asked to stop'}")


@click.command()
@click.argument("run", type=RUN)
@click.option("--failed-only", is_flag=True, help="Refuse a run that would begin anew: one without parts.")
@asks_daemon
def retry(asking: Asking, run: str, failed_only: bool) -> None:
    """Begin the next attempt now, or a new run for a failed or cancelled one.

    A run with steps goes on from the failed ones, and one of a batch does what its children have not done.
    """
    if failed_only:
        _require_parts(asking.daemon.get(route("runs", run)))
    found = asking.daemon.post(route("runs", run, "retry"))
    if asking.as_json:
        say_json(found)
        return
    again = f" (again for {found['retryOf']})" if found["retryOf"] else ": next attempt starts now"
    say(f"{found['id']}{again}")


def _require_parts(run: Mapping[str, Any]) -> None:
    if not run["steps"] and "children" not in run:
        raise RotaError(f"{run['id']} has neither steps nor children: a retry would do all of it again.")


def parse_params(words: Sequence[str], schemas: Mapping[str, Any]) -> dict[str, object]:
    """NAME=VALUE words as the values that the job's schemas ask for; the daemon checks them.

    Raises click's usage error for a word without "=" and for a name that the job does not take.
    """
    values: dict[str, object] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise click.UsageError(f"-p {word}: expected NAME=VALUE")
        if name not in schemas:
            taken = f"no parameter {name!r} (it takes: {', '.join(sorted(schemas))})"
            raise click.UsageError(f"the job takes {taken if schemas else 'no parameters'}")
        values[name] = _value(text, schemas[name].get("type", "string"))
    return values


def _value(text: str, kind: object) -> object:
    if kind not in _TYPED:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text  # the daemon says better what was expected


def _follow(ctx: click.Context, asking: Asking, started: dict[str, Any]) -> None:
    try:
        ended = follow_log(asking, started["id"])
    except KeyboardInterrupt:
        note(f"\n{started['id']} goes on: `rota logs -f {started['id']}`, `rota cancel {started['id']}`")
        ctx.exit(INTERRUPTED)
    if asking.as_json:
        say_json(ended)
    note(f"{ended['id']}: {end_text(ended)}")
    ctx.exit(exit_status(ended))


def _whereabouts(started: dict[str, Any]) -> str:
    waits = started["message"] or "waits in the queue"
    words = waits if started["reason"] == "queued" else "started"
    return f"{words}; `rota logs -f {started['id']}` follows it"
