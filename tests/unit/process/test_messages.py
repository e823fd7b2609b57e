"""The values of the seams and the runner's messages say the same."""

from __future__ import annotations

import pytest

from rota.core.instant import from_ms
from rota.core.model import RunAs
from rota.core.run import Used
from rota.core.seams import Account, AttemptRef, AttemptWhere, EndCause, Ended, Started, StartOrder
from rota.process.messages import (
    entries,
    read_ended,
    read_facts,
    read_report,
    read_started,
    ref_message,
    start_message,
)
from rota.runner.protocol import Order, parse_ref

REF = AttemptRef(id="0193-a", job="backup", number=12, step="dump", n=2)
ENDED = {"cause": "exit", "exitCode": 3, "signal": None, "at": 5000, "size": 7}


def test_an_order_arrives_as_it_was_given() -> None:
    order = StartOrder(
        ref=REF, argv=("a", "b"), env={"X": "1"}, cwd="/tmp", timeout_ms=9, grace_ms=8, output=7
    )

    read = Order(start_message(order))

    assert (read.attempt, read.directory) == ("0193-a", "backup/12/dump.2")
    assert (read.argv, read.env, read.cwd) == (["a", "b"], {"X": "1"}, "/tmp")
    assert (read.timeout_ms, read.grace_ms, read.output) == (9, 8, 7)
    assert (read.watchdog_ms, read.limits, read.requires) == (None, {}, False)


def test_limits_arrive_as_they_were_given() -> None:
    order = StartOrder(
        ref=REF,
        argv=("a",),
        env={},
        cwd="/",
        watchdog_ms=6,
        memory=5,
        cpu=4,
        pids=3,
        nofile=2,
        require_limits=True,
    )

    read = Order(start_message(order))

    assert (read.watchdog_ms, read.requires) == (6, True)
    assert read.limits == {"memory": 5, "cpu": 4, "pids": 3, "nofile": 2}


def test_what_is_wished_arrives_as_it_was_given() -> None:
    wish = RunAs(user="backup", group="db", umask=0, nice=-3, io="idle")

    read = Order(start_message(StartOrder(ref=REF, argv=("a",), env={}, cwd="/", run_as=wish))).wish

    assert (read.user, read.group, read.umask, read.nice, read.io) == ("backup", "db", 0, -3, "idle")


def test_an_order_without_wishes_has_no_such_member() -> None:
    assert "as" not in start_message(StartOrder(ref=REF, argv=("a",), env={}, cwd="/"))


def test_accounts_of_the_runner_are_read() -> None:
    account = {"user": "backup", "home": "/srv", "shell": "/bin/sh"}

    facts = read_facts({"version": "1.2", "isRoot": True, "users": [account, "odd"], "anyUser": 1})

    assert facts.users == {"backup": Account(user="backup", home="/srv", shell="/bin/sh")}
    assert (facts.version, facts.is_root, facts.any_user) == ("1.2", True, False)


def test_a_reference_names_the_directory() -> None:
    assert parse_ref(ref_message(REF)) == ("0193-a", "backup/12/dump.2")


def test_an_end_is_read() -> None:
    used = {"userMs": 1, "systemMs": 2, "peakBytes": 3, "readBytes": 4, "writtenBytes": 5, "switches": 6}

    assert read_ended({**ENDED, "used": used, "leftBehind": 2}) == Ended(
        cause=EndCause.EXIT,
        exit_code=3,
        signal=None,
        at=from_ms(5000),
        log_size=7,
        used=Used(user_ms=1, system_ms=2, peak_bytes=3, read_bytes=4, written_bytes=5, switches=6),
        left_behind=2,
    )


@pytest.mark.parametrize(
    ("told", "has_outputs"), [({}, True), ({"outputs": True}, True), ({"outputs": False}, False)]
)
def test_outputs_are_looked_for_unless_the_runner_saw_none(
    told: dict[str, object], has_outputs: bool
) -> None:
    ended = read_ended({**ENDED, **told})

    assert ended is not None
    assert ended.has_outputs is has_outputs


def test_a_cause_that_only_a_newer_runner_knows_is_unknown() -> None:
    ended = read_ended({**ENDED, "cause": "boredom"})

    assert ended is not None
    assert ended.cause is EndCause.UNKNOWN


def test_reports_say_where() -> None:
    started = {"pid": 1, "pidStarted": 2, "at": 3}

    live = read_report({"attempt": "a", "where": "live", "started": started})
    ended = read_report({"attempt": "a", "where": "ended", "ended": ENDED})

    assert (live.where, live.started) == (AttemptWhere.LIVE, Started(pid=1, pid_started=2, at=from_ms(3)))
    assert (ended.where, ended.started) == (AttemptWhere.ENDED, None)


def test_what_is_missing_or_wrong_is_read_as_absent() -> None:
    assert read_started(None) is None
    assert read_ended([]) is None
    assert entries({"live": [1, {"a": 1}, None]}, "live") == [{"a": 1}]
    assert entries({"live": 5}, "live") == []
    assert read_facts({}).pid == 0
