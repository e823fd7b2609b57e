"""Laws of trees, patches and positions."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rota_catalog.apply import apply
from rota_catalog.catalog import load
from rota_catalog.diff import diff
from rota_catalog.equal import same
from rota_catalog.topic import Topic
from rota_catalog.tree import Document
from rota_renderers.html import HtmlRenderer

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 0.5]) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
IDS = [f"e{n}" for n in range(8)]
PROPS = st.dictionaries(st.sampled_from(["a", "b", "c/d", "e~f"]), VALUES, max_size=3)


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Any]:
    """A page that holds some of eight elements, with props of any shape."""
    held = draw(st.lists(st.sampled_from(IDS), unique=True, max_size=8))
    kinds = st.sampled_from(["Text", "Link"])
    elements = {
        id_: {"type": draw(kinds), "props": draw(PROPS), "text": draw(st.text(max_size=3))} for id_ in held
    }
    return {"page": {"type": "Stack", "props": {}, "children": held}, **elements}


@given(trees(), trees())
def test_patching_the_old_tree_with_the_difference_gives_the_new_one(old: Any, new: Any) -> None:
    assert same(apply(old, diff(old, new), count=len(new)), new)


@given(trees())
def test_equal_trees_need_no_patch(tree: Any) -> None:
    assert diff(tree, tree) == []


VALID = st.fixed_dictionaries(
    {"value": st.sampled_from(["one", "two", ""])},
    optional={"tone": st.sampled_from(["ok", "warn", "no such"])},
)


@st.composite
def pages(draw: st.DrawFn) -> Document:
    """Pages of texts, a few of them invalid."""
    held = draw(st.lists(st.sampled_from(IDS), unique=True, max_size=8))
    elements: dict[str, Any] = {id_: {"type": "Text", "props": draw(VALID), "text": "text"} for id_ in held}
    return Document(
        topic="t",
        root="page",
        elements={"page": {"type": "Stack", "props": {}, "children": held}, **elements},
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(pages(), st.sets(st.integers(0, 3))), min_size=1, max_size=25))
def test_readers_who_lag_at_random_end_with_the_tree_of_the_server(history: list[Any]) -> None:
    topic = Topic("t", epoch="0badcafe", catalog=load(), tombstones=3)
    readers: list[tuple[dict[str, Any], int]] = [({}, 0) for _ in range(4)]

    for document, awake in history:
        topic.update(document)
        for n in awake:
            readers[n] = caught_up(topic, *readers[n])

    for reader in readers:
        elements, seq = caught_up(topic, *reader)
        assert (elements, seq) == (dict(topic.elements), topic.seq)


@settings(max_examples=60, deadline=None)
@given(st.lists(pages(), min_size=2, max_size=8))
def test_rendering_the_patched_tree_is_rendering_the_new_one(history: list[Document]) -> None:
    renderer = HtmlRenderer(load())
    topic = Topic("t", epoch="0badcafe", catalog=load())
    mirror: dict[str, Any] = {}

    for document in history:
        delta = topic.update(document)
        mirror = apply(mirror, delta.ops, count=delta.count) if delta else mirror

        assert renderer.render(mirror, "page", now_ms=0) == renderer.render(topic.elements, "page", now_ms=0)


def caught_up(topic: Topic, elements: dict[str, Any], seq: int) -> tuple[dict[str, Any], int]:
    delta = topic.since(seq)
    if delta is None:
        return dict(topic.elements), topic.seq
    return apply(elements, delta.ops, count=delta.count), delta.seq
