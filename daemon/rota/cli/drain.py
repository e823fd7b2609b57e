"""`rota drain`: let what runs come to its end, and start nothing new."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from rota.cli.client import route
from rota.cli.failure import Failure
from rota.cli.output import count_text, note, say, say_json
from rota.cli.outside import Asking, asks_daemon
from rota.config.quantity import duration

_EVERY_SECONDS = 0.5
_NAMED = 5

_STATUS = (
    "Exit status: 0 done, and with --wait nothing runs any more; 1 something still runs at the end of "
    "--timeout, or there was nothing to undo; 2 wrong usage, or nobody to ask."
)


class _Length(click.ParamType[timedelta]):
    name = "length"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            return duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command(
    epilog="A drain ends with the daemon: the one that is started next starts what is due, and owes by the "
    f"`missed` policy of each job what was due meanwhile.\n\n{_STATUS}"
)
@click.option("--wait", is_flag=True, help="Return when nothing runs any more.")
@click.option("--timeout", type=_Length(), help="With --wait: how long at most, such as 10m.")
@click.option("--undo", is_flag=True, help="Go on as before.")
@asks_daemon
def drain(asking: Asking, wait: bool, timeout: timedelta | None, undo: bool) -> None:
    """Start nothing new, so that the host or rota can be stopped without cutting anything short.

    What is under way goes on to its end. Due instants wait, runs in a queue and between two attempts too.
    """
    if undo and wait:
        raise click.UsageError("--wait has no meaning with --undo")
    if timeout is not None and not wait:
        raise click.UsageError("--timeout needs --wait")
    answer = asking.daemon.post(route("drain"), {"undo": True} if undo else {})
    if wait and answer["left"]:
        note(f"waiting for {_left(answer)}")
        answer = _waited(asking, answer, timeout)
    if asking.as_json:
        say_json(answer)
    else:
        say(_words(answer, undo))
    if wait and answer["left"]:
        raise Failure(f"still running: {_left(answer)}")


def _waited(asking: Asking, answer: dict[str, Any], timeout: timedelta | None) -> dict[str, Any]:
    left = None if timeout is None else timeout.total_seconds()
    while answer["left"] and (left is None or left > 0):
        asking.outside.wait(_EVERY_SECONDS)
        left = None if left is None else left - _EVERY_SECONDS
        answer = asking.daemon.get(route("drain"))
        if not answer["draining"]:
            raise Failure("the drain was ended: somebody undid it, or the daemon was started again")
    return answer


def _words(answer: dict[str, Any], undo: bool) -> str:
    if undo:
        return "the daemon starts what is due again"
    if not answer["left"]:
        return "the daemon starts nothing new, and nothing runs"
    return f"the daemon starts nothing new; {_left(answer)}"


def _left(answer: dict[str, Any]) -> str:
    named = answer["running"][:_NAMED]
    more = f" and {answer['left'] - len(named)} more" if answer["left"] > len(named) else ""
    return f"{count_text(answer['left'], 'run')} under way: {', '.join(named)}{more}"
