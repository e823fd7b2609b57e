"""What may be shown: element by element, and the tree as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from rota_catalog.catalog import load
from rota_catalog.check import BrokenTree, admit, faults, replaced

TEXT = {"type": "Text", "props": {"value": "hi"}, "text": "hi"}


def test_a_wrong_element_becomes_a_box_and_the_rest_is_shown() -> None:
    elements = a_page(a=TEXT, b={"type": "Text", "props": {"value": 2}, "text": "two"})

    admitted, found = admit(load(), elements, elements, "page")

    assert admitted["b"] == {"type": "Invalid", "props": {"component": "Text"}, "text": "two"}
    assert admitted["a"] is TEXT
    assert [(fault.id, fault.component, fault.pointer) for fault in found] == [("b", "Text", "/value")]


def test_a_box_keeps_what_the_element_held_slots_first() -> None:
    row = {
        "type": "JobRow",
        "props": {},
        "text": "x",
        "slots": {"history": ["h"], "next": ["n"]},
        "children": ["c"],
    }

    assert replaced(row)["children"] == ["h", "n", "c"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"type": "Blink"}, "type"),
        ({"text": ""}, "text"),
        ({"text": "x" * 281}, "text"),
        ({"children": ["a"]}, "children"),
        ({"slots": {"aside": ["a"]}}, "slots/aside"),
        ({"style": "color: red"}, "style"),
        ({"props": {"value": "hi", "blink": True}}, ""),
        ({"props": {"value": "x" * 8193}}, "/value"),
        ({"props": {"value": "\ud800"}}, "/value"),
        ({"props": {"value": "hi", "clamp": float("nan")}}, "/clamp"),
        ({"props": {"value": "hi", "__proto__": 1}}, "/__proto__"),
        ({"actions": [{"do": "job.run", "label": "Run", "args": {"job": "a"}}]}, "actions/0/do"),
    ],
)
def test_what_is_wrong_with_an_element_is_named(change: dict[str, Any], pointer: str) -> None:
    found = faults(load(), "x", {**TEXT, **change})

    assert pointer in [fault.pointer for fault in found]


def test_an_action_is_checked_by_its_own_rule() -> None:
    empty = {"type": "Empty", "props": {"title": "x", "kind": "none"}, "text": "x"}
    action = {"do": "run.cancel", "label": "Cancel", "args": {"run": "no number"}}

    found = faults(
        load(), "x", {**empty, "actions": [action, {"do": "host.reboot", "label": "x", "args": {}}]}
    )

    assert [fault.pointer for fault in found] == ["actions/0/args", "actions/1/do"]


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({}, "root"),
        ({"page": {"type": "Stack", "props": {}, "children": ["gone"]}}, "not there"),
        ({"page": {"type": "Stack", "props": {}, "children": ["page"]}}, "held twice"),
        ({"page": {"type": "Stack", "props": {}}, "lost": TEXT}, "nothing holds"),
        ({"page": {"type": "Stack", "props": {}}, "Bad id": TEXT}, "can't be an id"),
        ({"page": {"type": "Stack", "props": {}}, "constructor": TEXT}, "can't be an id"),
    ],
)
def test_a_tree_that_does_not_hold_together_is_refused_whole(elements: dict[str, Any], words: str) -> None:
    with pytest.raises(BrokenTree, match=words):
        admit(load(), elements, elements, "page")


def test_two_parents_of_one_element_are_refused() -> None:
    elements = a_page(a={"type": "Stack", "props": {}, "children": ["c"]}, b=TEXT, c=TEXT)

    with pytest.raises(BrokenTree, match="held twice"):
        admit(load(), elements, elements, "page")


@pytest.mark.parametrize(
    ("around", "place"),
    [
        ({"type": "JobTable", "props": {"order": "name"}, "children": ["x"], "text": "t"}, "JobTable"),
        (
            {"type": "LogTail", "props": {"stream": "s", "rawHref": "/"}, "children": ["x"], "text": "t"},
            "LogTail",
        ),
        (
            {
                "type": "JobRow",
                "props": {"name": "a", "state": "ok", "href": "/jobs/a"},
                "slots": {"history": ["x"]},
                "text": "t",
            },
            "history of JobRow",
        ),
    ],
)
def test_what_stands_where_it_may_not_becomes_a_box_there(around: dict[str, Any], place: str) -> None:
    elements = {"around": around, "x": TEXT}

    admitted, found = admit(load(), elements, ["x"], "around")

    assert admitted["around"] is around
    assert admitted["x"] == {"type": "Invalid", "props": {"component": "Text"}, "text": "hi"}
    assert [(fault.id, fault.pointer, fault.message) for fault in found] == [
        ("x", "type", f"{place} takes no such element")
    ]


def test_a_box_may_stand_anywhere() -> None:
    table = {"type": "JobTable", "props": {"order": "name"}, "children": ["x"], "text": "t"}
    elements = {"table": table, "x": {"type": "JobRow", "props": {}, "text": "no name"}}

    admitted, found = admit(load(), elements, elements, "table")

    assert admitted["x"]["type"] == "Invalid"
    assert {fault.pointer for fault in found} == {""}


def test_a_tree_deeper_than_32_levels_is_refused() -> None:
    elements: dict[str, Any] = {
        f"s{n}": {"type": "Stack", "props": {}, "children": [f"s{n + 1}"]} for n in range(32)
    }

    with pytest.raises(BrokenTree, match="deeper"):
        admit(load(), {**elements, "s32": TEXT}, [], "s0")


def a_page(**elements: dict[str, Any]) -> dict[str, Any]:
    return {"page": {"type": "Stack", "props": {}, "children": list(elements)}, **elements}
