"""A topic's tree, its position, and what readers lack."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from rota_catalog.catalog import load
from rota_catalog.check import BrokenTree, Fault
from rota_catalog.topic import Topic
from rota_catalog.tree import Document


def test_each_change_is_one_step_and_no_change_is_none() -> None:
    topic = a_topic()

    first = topic.update(a_tree(a="one"))
    second = topic.update(a_tree(a="one"))
    third = topic.update(a_tree(a="two"))

    assert (first and (first.base, first.seq, first.count)) == (0, 1, 2)
    assert second is None
    assert third is not None
    assert (third.base, third.seq) == (1, 2)
    assert [op["path"] for op in third.ops] == ["/elements/a/props/value"]


def test_a_reader_who_was_away_gets_whole_elements_and_what_is_gone() -> None:
    topic = a_topic()
    topic.update(a_tree(a="one", b="two"))
    topic.update(a_tree(a="uno", c="three"))

    delta = topic.since(1)

    assert delta is not None
    assert {(op["op"], op["path"]) for op in delta.ops} == {
        ("remove", "/elements/b"),
        ("add", "/elements/a"),
        ("add", "/elements/c"),
        ("add", "/elements/page"),
    }
    assert (delta.base, delta.seq, delta.count) == (1, 2, 3)


def test_a_reader_who_is_current_lacks_nothing() -> None:
    topic = a_topic()
    topic.update(a_tree(a="one"))

    delta = topic.since(1)

    assert delta is not None
    assert delta.ops == []


def test_a_position_from_the_future_or_from_before_the_tombstones_needs_the_whole_tree() -> None:
    topic = a_topic(tombstones=1)
    for gone in range(4):
        topic.update(a_tree(**{f"t{gone}": "x"}))

    assert topic.since(99) is None
    assert topic.since(1) is None
    assert topic.since(3) is not None


def test_much_changed_needs_the_whole_tree() -> None:
    topic = a_topic()
    topic.update(a_tree(**{f"t{n}": "one" for n in range(100)}))
    topic.update(a_tree(**{f"t{n}": "two" for n in range(100)}))

    assert topic.since(1) is None


def test_a_wrong_element_is_reported_once_and_comes_back_when_it_is_right() -> None:
    reports: list[Fault] = []
    topic = a_topic(report=reports.append)

    topic.update(a_tree(a=2))
    topic.update(a_tree(a=2, b="x"))
    boxed = topic.elements["a"]["type"]
    topic.update(a_tree(a="two", b="x"))

    assert [fault.id for fault in reports] == ["a"]
    assert (boxed, topic.elements["a"]["type"]) == ("Invalid", "Text")


def test_an_element_that_stood_where_it_may_not_is_shown_once_it_stands_elsewhere() -> None:
    reports: list[Fault] = []
    topic = a_topic(report=reports.append)
    text = {"type": "Text", "props": {"value": "x"}, "text": "x"}
    table = {"type": "JobTable", "props": {"order": "name"}, "text": "jobs"}

    for page, held in ((["table"], ["x"]), (["table"], ["x"]), (["table", "x"], [])):
        elements = {"page": stack(*page), "table": {**table, "children": held}, "x": text}
        topic.update(Document(topic="t", root="page", elements=elements))
        seen = topic.elements["x"]["type"]
        assert seen == ("Invalid" if held else "Text")

    assert [(fault.id, fault.message) for fault in reports] == [("x", "JobTable takes no such element")]


def test_a_broken_tree_leaves_the_last_good_one() -> None:
    topic = a_topic()
    topic.update(a_tree(a="one"))
    before = topic.document(now=0)

    with pytest.raises(BrokenTree):
        topic.update(Document(topic="t", root="page", elements={"page": stack("gone")}))

    assert topic.document(now=0) == before


def test_the_whole_tree_travels_in_the_published_shape() -> None:
    topic = a_topic()
    topic.update(a_tree(a="one"))
    import json
    from importlib.resources import files

    schema = json.loads(files("rota_catalog").joinpath("schema/tree.json").read_text(encoding="utf-8"))

    jsonschema.validate(topic.document(now=7), schema)


def a_topic(**more: Any) -> Topic:
    return Topic("t", epoch="0badcafe", catalog=load(), **more)


def a_tree(**texts: Any) -> Document:
    elements = {
        id_: {"type": "Text", "props": {"value": value}, "text": "text"} for id_, value in texts.items()
    }
    return Document(topic="t", root="page", elements={"page": stack(*texts), **elements})


def stack(*ids: str) -> dict[str, Any]:
    return {"type": "Stack", "props": {}, "children": list(ids)}
