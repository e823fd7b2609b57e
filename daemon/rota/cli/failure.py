"""Errors as people at a terminal get them: one line that says what, where, and what to do."""

from __future__ import annotations

import click

from rota_renderers.plain import plain

ANSWER_IS_NO = 1  # the daemon, or the files, said no
COULD_NOT_ASK = 2  # wrong usage, no daemon, no such file: there is no answer
INTERRUPTED = 130  # Ctrl-C, as shells count it: 128 and the number of SIGINT


class Failure(click.ClickException):
    """The answer is no; one line on stderr says why."""

    exit_code = ANSWER_IS_NO

    def show(self, file: object = None) -> None:
        """Print the line; `file` is part of click's interface and always None here."""
        click.echo(plain(f"rota: {self.message}"), err=True)


class CouldNotAsk(Failure):
    """There is no answer: something that the command needs is not there."""

    exit_code = COULD_NOT_ASK


class NoDaemon(CouldNotAsk):
    """Nobody answers at the socket."""


class Refused(Failure):
    """The daemon answered with a problem document; `status` is the HTTP status, `reason` its short key."""

    def __init__(self, message: str, *, status: int, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
