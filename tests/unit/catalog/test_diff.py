"""What changed between two trees."""

from __future__ import annotations

from rota_catalog.diff import diff
from rota_catalog.equal import same

A = {"type": "Text", "props": {"value": "one"}, "text": "one"}


def test_equal_trees_need_no_patch() -> None:
    assert diff({"a": A}, {"a": dict(A)}) == []


def test_members_and_props_are_changed_one_by_one_and_arrays_whole() -> None:
    old = {"a": {"type": "Text", "props": {"value": "one", "tone": "ok"}, "children": ["x"]}}
    new = {"a": {"type": "Text", "props": {"value": "two"}, "children": ["x", "y"], "text": "t"}}

    assert diff(old, new) == [
        {"op": "remove", "path": "/elements/a/props/tone"},
        {"op": "add", "path": "/elements/a/props/value", "value": "two"},
        {"op": "add", "path": "/elements/a/children", "value": ["x", "y"]},
        {"op": "add", "path": "/elements/a/text", "value": "t"},
    ]


def test_another_type_is_another_element() -> None:
    box = {"type": "Invalid", "props": {"component": "Text"}}

    assert diff({"a": A}, {"a": box}) == [{"op": "add", "path": "/elements/a", "value": box}]


def test_null_is_a_value_and_missing_is_none() -> None:
    old = {"a": {"type": "Text", "props": {"value": None}}}
    new: dict[str, dict[str, object]] = {"a": {"type": "Text", "props": {}}}

    assert diff(old, new) == [{"op": "remove", "path": "/elements/a/props/value"}]
    assert diff(new, old) == [{"op": "add", "path": "/elements/a/props/value", "value": None}]


def test_true_is_not_one_but_one_point_zero_is() -> None:
    assert not same(True, 1)
    assert not same({"a": [0]}, {"a": [False]})
    assert not same(None, 0)
    assert not same("1", 1)
    assert same({"a": [1.0, None, "x"]}, {"a": [1, None, "x"]})
