"""Of which user a run's environment and home are."""

from __future__ import annotations

import pwd
from dataclasses import replace

import pytest

from rota.core.errors import JobError
from rota.core.model import RunAs
from rota.core.seams import Account, RunnerFacts
from rota.process.account import facts_for

FACTS = RunnerFacts(user="ann", home="/home/ann", shell="/bin/zsh", boot_id="b", pid=1)
BACKUP = Account(user="backup", home="/srv/backup", shell="/bin/bash")


def test_a_job_that_names_nobody_is_the_runners_own() -> None:
    assert facts_for(RunAs(nice=3), FACTS) is FACTS
    assert facts_for(RunAs(user="ann"), FACTS) is FACTS


def test_a_user_is_as_the_runner_tells_of_it() -> None:
    found = facts_for(RunAs(user="backup"), replace(FACTS, users={"backup": BACKUP}))

    assert (found.user, found.home, found.shell) == ("backup", "/srv/backup", "/bin/bash")


def test_a_user_of_whom_the_runner_tells_nothing_is_left_to_its_refusal() -> None:
    assert facts_for(RunAs(user="backup"), FACTS).home == "/"


def test_where_anybody_may_be_named_the_host_knows() -> None:
    nobody = pwd.getpwnam("nobody")

    found = facts_for(RunAs(user="nobody"), replace(FACTS, any_user=True))

    assert (found.user, found.shell) == ("nobody", nobody.pw_shell)
    with pytest.raises(JobError, match="There is no user no-such-user on this host"):
        facts_for(RunAs(user="no-such-user"), replace(FACTS, any_user=True))
