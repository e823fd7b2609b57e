"""Of which user a run's environment and home are."""

from __future__ import annotations

import pwd
from dataclasses import replace
from pathlib import Path

from rota.core.errors import JobError
from rota.core.model import RunAs
from rota.core.seams import Account, RunnerFacts


def facts_for(wish: RunAs, facts: RunnerFacts) -> RunnerFacts:
    """The same as a job with that wish finds them: user, home and shell are those of its attempts.

    Raises JobError when there is no such user.
    """
    if not wish.user or wish.user == facts.user:
        return facts
    account = facts.users.get(wish.user)
    if account is None:
        # A runner without rules names nobody; one that does not allow the user says so itself.
        nobodys = Account(user=wish.user, home="/", shell="/bin/sh")
        account = _account(wish.user) if facts.any_user else nobodys
    return replace(facts, user=account.user, home=account.home, shell=account.shell)


def _account(user: str) -> Account:
    try:
        found = pwd.getpwnam(user)
    except KeyError as error:
        raise JobError(f"There is no user {user} on this host.") from error
    home = found.pw_dir if Path(found.pw_dir).is_dir() else "/"
    return Account(user=found.pw_name, home=home, shell=found.pw_shell)
