"""`rota link`: sign a browser in."""

from __future__ import annotations

import click

from rota.cli.client import route
from rota.cli.instant_text import zoned_text
from rota.cli.output import note, say, say_json
from rota.cli.outside import Asking, asks_daemon
from rota.core.instant import from_ms


@click.command()
@asks_daemon
def link(asking: Asking) -> None:
    """Print a one-time link that signs a browser in."""
    made = asking.daemon.post(route("session", "links"))
    if asking.as_json:
        say_json(made)
        return
    say(made["url"])
    note(f"works once, until {zoned_text(from_ms(made['expiresAt']), asking.outside.zone)}")
