"""Two definitions compared key by key."""

from __future__ import annotations

import json

from rota.core.definition_diff import KeyChange, key_changes


def changes(before: object, after: object) -> list[tuple[str, str | None, str | None]]:
    found = key_changes(json.dumps(before), json.dumps(after))
    return [(each.key, each.before, each.after) for each in found]


def test_equal_definitions_differ_in_nothing() -> None:
    assert changes({"run": "a", "tags": ["x"]}, {"run": "a", "tags": ["x"]}) == []


def test_a_key_deep_inside_is_named_with_its_path() -> None:
    before = {"run": "a", "retry": {"attempts": 3, "delay": "10s"}}
    after = {"run": "a", "retry": {"attempts": 5, "delay": "10s"}}

    assert changes(before, after) == [("retry.attempts", "3", "5")]


def test_a_map_that_is_new_or_gone_is_told_key_by_key() -> None:
    assert changes({}, {"limits": {"timeout": "5m"}}) == [("limits.timeout", None, '"5m"')]
    assert changes({"limits": {"timeout": "5m"}}, {}) == [("limits.timeout", '"5m"', None)]


def test_a_list_is_one_value() -> None:
    assert changes({"tags": ["a"]}, {"tags": ["a", "b"]}) == [("tags", '["a"]', '["a", "b"]')]


def test_true_and_1_are_not_the_same() -> None:
    assert changes({"x": True}, {"x": 1}) == [("x", "true", "1")]


def test_scripts_differ_by_lines() -> None:
    change = KeyChange(key="run", before='"a\\nb\\nc\\n"', after='"a\\nB\\nc\\n"')

    assert change.lines == ("@@ -1,3 +1,3 @@", " a", "-b", "+B", " c")


def test_one_line_is_no_script() -> None:
    assert KeyChange(key="run", before='"a"', after='"b\\n"').lines == ()
