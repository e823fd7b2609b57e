"""`rota why`: why a job did or did not run, or when it will."""

from __future__ import annotations

from datetime import datetime

import click

from rota.cli.arguments import JOB
from rota.cli.client import route
from rota.cli.output import say, say_json
from rota.cli.outside import INSTANT, INSTANT_HELP, Asking, asks_daemon
from rota.core.instant import optional_ms

_STATUS = "Exit status: 0 here is the answer; 1 there is no such job; 2 wrong usage, or nobody to ask."


@click.command(epilog=f"{INSTANT_HELP}\n\n{_STATUS}")
@click.argument("job", type=JOB)
@click.option("--at", type=INSTANT, metavar="T", help="What became of the due instant nearest to T.")
@asks_daemon
def why(asking: Asking, job: str, at: datetime | None) -> None:
    """Why JOB did, or did not, run at T.

    Without --at: how it ended last, when it runs next, and what could stop it.
    """
    answer = asking.daemon.get(route("jobs", job, "why"), {"at": optional_ms(at)})
    if asking.as_json:
        say_json(answer)
        return
    if at is None:
        last, _, following = answer["answer"].partition(" Next: ")
        say(last)
        say(f"Next: {following}")
        say("What could stop it:")
    else:
        say(answer["answer"])
    for detail in answer["details"]:
        say(f"  {detail}")
