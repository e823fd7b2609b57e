"""What can be refused, named by who must act.

`message` is a sentence for people: what is wrong, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from rota.core.problems import Problem


class RotaError(Exception):
    """Base of every error that rota raises on purpose."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UsageError(RotaError):
    """The person at the command line or the administrator must act: wrong flags, wrong configuration."""


class NotFound(RotaError):
    """The caller named a job or run that is not there."""


class Conflict(RotaError):
    """The request makes no sense in the present state; `reason` is a key such as `not_active`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class InvalidRequest(RotaError):
    """The caller sent parameters that the job does not take; one problem each, `path` a JSON pointer."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class JobError(RotaError):
    """The author of the job must act: a template, environment file or value that can't be used."""


class Unavailable(RotaError):
    """The operator of the host must act: no runner, disk full, database locked. Trying later can help."""


class StoreDamaged(Unavailable):
    """The ledger can't be read; the message names `rota store check` and `rota store restore`.

    `cause`: what of it, in the words of the database.
    """

    def __init__(self, message: str, *, cause: str = "") -> None:
        super().__init__(message)
        self.cause = cause
