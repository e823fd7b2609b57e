"""A terminal says what the page says, in the same order, but for what the catalog declares it leaves out."""

from __future__ import annotations

import pytest

from conformance import pages
from conformance.fixtures import NOW, Example, examples
from conformance.neutral import said_in, without_declared
from rota_catalog.catalog import load
from rota_catalog.tree import Document, Elements
from rota_renderers.html import HtmlRenderer
from rota_renderers.outline import Said
from rota_renderers.terminal import outline

WIDE = 200


@pytest.mark.parametrize("example", examples(), ids=str)
def test_an_example_is_the_same_in_words_on_a_page_and_in_a_terminal(example: Example) -> None:
    drawn = in_terminal(example.elements, example.root)

    assert drawn == expected(example.elements, example.root)


@pytest.mark.parametrize("page", [pages.overview(), pages.job(), pages.run()], ids=lambda page: page.topic)
def test_a_whole_page_is_the_same_in_words_on_a_page_and_in_a_terminal(page: Document) -> None:
    assert in_terminal(page.elements, page.root) == expected(page.elements, page.root)


def test_whatever_is_declared_as_left_out_is_left_out_in_some_example() -> None:
    trees = [(one.elements, one.root) for one in examples()]
    trees += [(page.elements, page.root) for page in (pages.overview(), pages.job(), pages.run())]
    for component in load().components.values():
        for type_, lines in component.differs.get("terminal", {}).get("without", {}).items():
            lacking = [
                line
                for elements, root in trees
                for line in missing(elements, root)
                if line.role in lines or f"{line.role} {line.name}" in lines
            ]
            assert lacking, f"{component.name} declares {type_} {lines} and no example needs it"


def test_what_could_not_be_drawn_to_its_end_has_said_nothing() -> None:
    row = {"key": "Pid", "value": 4312}
    wrong = {"type": "KeyValue", "props": {"rows": [row, {}]}, "text": "x"}
    page = {"type": "Page", "props": {"title": "Jobs"}, "children": ["wrong"]}

    assert in_terminal({"page": page, "wrong": wrong}, "page") == ["main", "heading 1 Jobs"]


def in_terminal(elements: Elements, root: str) -> list[str]:
    return [str(one) for one in outline(elements, root, now_ms=NOW, width=WIDE)]


def expected(elements: Elements, root: str) -> list[str]:
    return without_declared(on_page(elements, root), "terminal", load(), elements, root)


def on_page(elements: Elements, root: str) -> list[Said]:
    html = HtmlRenderer(load()).render(elements, root, now_ms=NOW, csrf="token", can_act=True)
    return said_in(str(html))


def missing(elements: Elements, root: str) -> list[Said]:
    drawn = outline(elements, root, now_ms=NOW, width=WIDE)
    return [one for one in on_page(elements, root) if one not in drawn]
