"""The rules of a runner of root's: a handful of lines, and nothing in them is guessed."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.runner.rules import Unruly, parse_rules, read_rules

WHOLE = """
# whose daemon
daemon_user: rota     # the packaged one
default_user: "rota-jobs"
users: [backup, www-data, 'sync']
root: false
"""


def test_all_keys_are_read() -> None:
    rules = parse_rules(WHOLE, "r")

    assert (rules.daemon_user, rules.default_user, rules.root) == ("rota", "rota-jobs", False)
    assert rules.users == {"backup", "www-data", "sync"}


def test_a_list_may_stand_in_lines_of_its_own() -> None:
    rules = parse_rules("---\nusers:\n  - backup\n- www-data  # pages\nroot: true\n", "r")

    assert rules.users == {"backup", "www-data"}
    assert rules.root


def test_no_line_at_all_is_rules_that_allow_nobody() -> None:
    rules = parse_rules("", "r")

    assert not rules.users
    assert not rules.root


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("user: [a]", "r:1: no key 'user' is known here; there are daemon_user, default_user, users, root"),
        ("users: a", "r:1: expected a list such as [backup, www-data], or items `- backup` below"),
        ("users: [a\n", "r:1: expected a list"),
        ("users: [a, ,b]", "r:1: '' is no name of a user"),
        ("users: [*all]", "r:1: '*all' is no name of a user"),
        ("users: [{a: b}]", "is no name of a user"),
        ("root: yes", "r:1: root is true or false, not 'yes'"),
        ("root: True", "r:1: root is true or false, not 'True'"),
        ("root: true\nroot: false", "r:2: root stands there twice"),
        ("default_user: 1000", "r:1: '1000' is no name of a user"),
        ("default_user:", "r:1: '' is no name of a user"),
        ("default_user:rota", "r:1: expected `key: value` at the beginning of the line"),
        (" default_user: rota", "r:1: expected `key: value`"),
        ("{default_user: rota}", "r:1: expected `key: value`"),
        ("- a", "r:1: expected `key: value`"),
        ("users: [a]\n- b", "r:2: expected `key: value`"),
        ("default_user: &a rota", "is no name of a user"),
        ("default_user: |\n  rota", "is no name of a user"),
        ("just text", "r:1: expected `key: value`"),
        ("users: [root]", "r: root is no user like others: instead of naming it, write `root: true`"),
        ("# fine\u2028root: true", "r:1: '\\u2028' is nothing that a line should hold"),
        ("# fine\rroot: true", "r:1: '\\r' is nothing"),
        ("users: [a]\x0broot: true", "r:1: '\\x0b' is nothing"),
    ],
)
def test_anything_else_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(Unruly) as refused:
        parse_rules(text, "r")

    assert said in str(refused.value)


@given(st.text())
def test_any_text_is_rules_or_refused(text: str) -> None:
    with suppress(Unruly):
        assert parse_rules(text, "r").users is not None


def test_rules_that_are_not_there_are_none() -> None:
    assert read_rules("/nonexistent/runner.yaml") is None


@pytest.mark.parametrize(
    ("user", "allowed"),
    [("rota-jobs", True), ("backup", True), ("www-data", False), ("root", False)],
)
def test_the_default_user_and_those_named_are_allowed(user: str, allowed: bool) -> None:
    rules = parse_rules("default_user: rota-jobs\nusers: [backup]", "r")

    assert rules.allows(user) is allowed


def test_root_is_allowed_when_it_is_said_or_nobody_else_is_the_default() -> None:
    assert parse_rules("default_user: rota-jobs\nroot: true", "r").allows("root")
    assert parse_rules("users: [backup]", "r").allows("root")
