"""What an order wishes, held against who the runner is and what its rules say."""

from __future__ import annotations

import os
import pwd

import pytest

from rota.runner.protocol import Invalid, Wish
from rota.runner.rules import Rules
from rota.runner.switch import Forbidden, Switch
from rota.runner.system import System

NOBODY, DAEMON = pwd.getpwnam("nobody"), pwd.getpwnam("daemon")
RULES = Rules("rota", "nobody", frozenset({"daemon", "no-such-user"}))


class Who(System):
    """Whoever the test says."""

    def __init__(self, uid: int, gid: int = 0) -> None:
        super().__init__()
        self._ids = uid, gid

    def own_uid(self) -> int:
        return self._ids[0]

    def own_gid(self) -> int:
        return self._ids[1]


def root(rules: Rules | None = None) -> Switch:
    return Switch(Who(0), rules, "/rules")


def nobody() -> Switch:
    return Switch(Who(NOBODY.pw_uid, NOBODY.pw_gid))


def wish(**members: object) -> Wish:
    return Wish(members)


def test_an_order_that_wishes_nothing_is_spawned_as_ever() -> None:
    assert root().manner(wish()) is None
    assert nobody().manner(wish()) is None


def test_with_a_default_user_it_is_that_user() -> None:
    manner = root(RULES).manner(wish())

    assert manner is not None
    assert (manner.user, manner.uid, manner.gid) == ("nobody", NOBODY.pw_uid, NOBODY.pw_gid)
    assert manner.groups == os.getgrouplist("nobody", NOBODY.pw_gid)
    assert manner.umask == 0o022


def test_umask_nice_and_io_alone_change_no_user() -> None:
    manner = nobody().manner(wish(umask=0o077, nice=5, io="best-effort:2"))

    assert manner is not None
    assert (manner.uid, manner.umask, manner.nice, manner.io) == (None, 0o077, 5, "best-effort:2")


def test_root_without_rules_becomes_anybody_with_any_group() -> None:
    manner = root().manner(wish(user="nobody", group="daemon"))

    assert manner is not None
    assert (manner.uid, manner.gid) == (NOBODY.pw_uid, DAEMON.pw_gid)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"user": "bin"}, "jobs may not run as bin here: add bin to `users` in /rules"),
        ({"user": "root"}, "jobs may not run as root here: write `root: true` in /rules"),
        ({"user": "no-such-user"}, "there is no user no-such-user on this host"),
        ({"user": "daemon", "group": "root"}, "daemon is not in the group root: usermod -aG root daemon"),
        ({"user": "daemon", "group": "no-such-group"}, "there is no group no-such-group on this host"),
        ({"nice": -1}, "nice -1: only jobs of root's may go before others"),
    ],
)
def test_what_rules_do_not_allow_is_forbidden_in_words(members: dict[str, object], said: str) -> None:
    with pytest.raises(Forbidden) as forbidden:
        root(RULES).manner(Wish(members))

    assert str(forbidden.value) == said


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"user": "daemon"}, "the runner runs as nobody and can't become daemon"),
        ({"group": "daemon"}, "the runner runs as nobody and can't take the group daemon"),
        ({"nice": -1}, "only jobs of root's may go before others"),
    ],
)
def test_who_is_not_root_can_not_switch(members: dict[str, object], said: str) -> None:
    with pytest.raises(Forbidden) as forbidden:
        nobody().manner(Wish(members))

    assert said in str(forbidden.value)


def test_who_is_not_root_may_be_named_itself() -> None:
    manner = nobody().manner(wish(user="nobody"))

    assert manner is not None
    assert manner.uid is None


def test_rules_that_allow_root_allow_what_only_root_may() -> None:
    manner = root(Rules(default_user="nobody", root=True)).manner(wish(user="root", nice=-5))

    assert manner is not None
    assert (manner.uid, manner.nice) == (0, -5)


def test_facts_name_who_may_be_named() -> None:
    def users(switch: Switch) -> list[object]:
        found = switch.facts()["users"]
        assert isinstance(found, list)
        return [each["user"] for each in found]

    assert users(root(RULES)) == ["nobody", "daemon"]
    assert users(root(Rules(default_user="nobody", root=True))) == ["nobody", "root"]
    assert users(nobody()) == ["nobody"]
    assert root(RULES).facts()["user"] == "nobody"
    assert root().facts()["anyUser"] is True
    assert root(RULES).unknown() == ["no-such-user"]


@pytest.mark.parametrize(
    "value",
    [
        "backup",
        {"user": 7},
        {"user": "a\0b"},
        {"umask": -1},
        {"umask": 0o1000},
        {"umask": "022"},
        {"nice": 20},
        {"nice": True},
        {"io": "realtime"},
        {"io": "best-effort:8"},
    ],
)
def test_a_wish_that_is_none_is_invalid(value: object) -> None:
    with pytest.raises(Invalid):
        Wish(value)
