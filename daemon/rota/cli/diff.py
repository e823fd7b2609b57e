"""`rota diff`: a run's definition then and now."""

from __future__ import annotations

from typing import Any

import click

from rota.cli.arguments import RUN
from rota.cli.client import route
from rota.cli.failure import ANSWER_IS_NO, COULD_NOT_ASK, Refused
from rota.cli.output import note, say, say_json
from rota.cli.outside import Asking, asks_daemon

DIFFERS = ANSWER_IS_NO


@click.command()
@click.argument("run", type=RUN)
@click.pass_context
@asks_daemon
def diff(asking: Asking, ctx: click.Context, run: str) -> None:
    """What RUN's job was then, and what it is now.

    \b
    Exit status:
      0  the definition is the same
      1  it differs; the difference is printed
      2  it can't be compared: no such run, its job is gone, or its definition is no longer kept
    """
    try:
        found = asking.daemon.get(route("runs", run, "definition"))
    except Refused as error:
        note(f"rota: {error.message}")
        ctx.exit(COULD_NOT_ASK)
    if asking.as_json:
        say_json(found)
    else:
        _say(found)
    ctx.exit(_status(found))


def place_text(place: dict[str, Any]) -> str:
    """`nightly.yaml:3 at 1a2b3c4, with local changes`."""
    text = f"{place['file']}:{place['line']}"
    if place["commit"]:
        text += f" at {place['commit'][:7]}"
    return text + (", with local changes" if place["dirty"] else "")


def _say(found: dict[str, Any]) -> None:
    then, now = found["then"], found["now"]
    if now is None:
        note(f"{found['run']} used {place_text(then)}; there is no job {found['job']} now.")
    elif then["hash"] == now["hash"]:
        say(f"{found['run']} used the definition that is in force: {place_text(now)}")
    elif then["text"] is None:
        note(f"The definition that {found['run']} used is no longer kept; it was {place_text(then)}.")
    else:
        say(f"then: {place_text(then)}")
        say(f"now:  {place_text(now)}")
        say(f"keys: {', '.join(found['keys'])}")
        for line in found["diff"].splitlines():
            say(line)


def _status(found: dict[str, Any]) -> int:
    if found["now"] is None:
        return COULD_NOT_ASK
    if found["then"]["hash"] == found["now"]["hash"]:
        return 0
    return COULD_NOT_ASK if found["then"]["text"] is None else DIFFERS
