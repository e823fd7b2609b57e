"""The HTML of the server says everything it should, and nothing a tree holds becomes markup."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.attacks import HOSTILE, Broken, degradations, hostile_trees
from conformance.fixtures import NOW, ROOT, Example, examples
from conformance.outline import outline, parsed, words
from rota_catalog.catalog import load
from rota_catalog.tree import Elements
from rota_renderers.html import HtmlRenderer


@pytest.mark.parametrize("example", examples(), ids=str)
def test_every_fact_is_in_the_words_of_the_page(example: Example) -> None:
    html = render(example.elements)

    said = words(html)
    lines = "\n".join(parsed(html).words)
    assert [fact for fact in example.facts if fact not in said and fact not in lines] == []


@pytest.mark.parametrize("example", examples(), ids=str)
def test_nothing_of_an_example_had_to_be_replaced(example: Example) -> None:
    reports: list[tuple[str, str, str]] = []

    render(example.elements, reports)

    assert reports == []


@pytest.mark.parametrize("case", degradations(), ids=lambda case: case.name)
def test_what_is_wrong_is_marked_and_the_rest_is_shown(case: Broken) -> None:
    reports: list[tuple[str, str, str]] = []

    said = words(render(case.elements, reports))

    assert [part for part in case.shows if part not in said] == []
    assert [part for part in case.hides if part in said] == []
    assert tuple(sorted({code for _, code, _ in reports})) == case.reports


@pytest.mark.parametrize("attack", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_strings_stay_text(attack: str) -> None:
    for component, elements in hostile_trees(attack):
        page = parsed(render(elements))

        tags, attributes = set[str](), set[str]()
        links = list[str]()
        todo = [page]
        while todo:
            part = todo.pop()
            tags.add(part.tag)
            attributes |= part.attributes.keys()
            links += [
                part.attributes.get(name) or "" for name in ("href", "action") if name in part.attributes
            ]
            todo += [below for below in part.inside if not isinstance(below, str)]
        assert not tags & {"script", "img", "iframe", "object", "style"}, component
        assert not {name for name in attributes if name.startswith("on") or name == "style"}, component
        assert all(link.startswith("/") and not link.startswith("//") for link in links if link), component


ASKED_FOR = {"copy"}  # a member of a row of KeyValue
METHODS = sorted(name for name in dir(dict) if not name.startswith("__"))


@pytest.mark.parametrize("example", examples(), ids=str)
def test_data_that_is_named_like_a_method_of_a_mapping_is_data(example: Example) -> None:
    named = {id_: {**shown, "props": with_extras(shown["props"])} for id_, shown in example.elements.items()}

    assert render(named) == render(example.elements)


def test_data_that_is_not_there_is_never_a_method_of_a_mapping() -> None:
    for component in load().components.values():
        reports: list[tuple[str, str, str]] = []
        html = render({ROOT: {"type": component.name, "props": {}, "text": "what it says"}}, reports)
        assert "built-in method" not in html, component.name


def test_what_a_reader_saw_is_posted_under_any_name() -> None:
    action = {
        "do": "run.cancel",
        "label": "Cancel",
        "args": {"run": "a.1"},
        "expect": {"items": "x", "get": 2},
    }
    empty = {"type": "Empty", "props": {"title": "x", "kind": "none"}, "text": "x", "actions": [action]}

    html = render({ROOT: empty})

    assert '<input type="hidden" name="expect.items" value="x">' in html
    assert '<input type="hidden" name="expect.get" value="2">' in html


def test_the_outline_of_an_alert_is_what_a_screen_reader_meets() -> None:
    alert = next(one for one in examples() if one.name == "failed, will retry")

    assert outline(render(alert.elements)) == [
        "article",
        "state failed",
        "heading 3 backup-db failed",
        "link backup-db failed /runs/backup-db.92",
        "list",
        "form",
        "button Retry",
        "link Log /runs/backup-db.92#log",
    ]


def test_who_may_not_act_reads_the_command_instead() -> None:
    alert = next(one for one in examples() if one.name == "failed, will retry")

    html = str(HtmlRenderer(load()).render(alert.elements, ROOT, now_ms=NOW))

    assert "<form" not in html
    assert "rota retry backup-db.92" in words(html)


def test_an_action_that_is_not_possible_now_says_why() -> None:
    action = {"do": "run.cancel", "label": "Cancel", "args": {"run": "a.1"}, "disabled": "not_active"}
    empty = {"type": "Empty", "props": {"title": "x", "kind": "none"}, "text": "x", "actions": [action]}

    html = render({ROOT: empty})

    assert "button Cancel disabled" in outline(html)
    assert "it has ended" in words(html)


def test_a_form_works_without_script() -> None:
    form = next(one for one in examples() if one.name == "three fields")

    html = render(form.elements)

    assert '<form class="c-run-form" data-id="root"' in html
    assert 'method="post" action="/jobs/backup-db/run"' in html
    assert '<input type="hidden" name="csrf" value="token">' in html
    assert 'name="params.database"' in html


def test_times_stand_in_the_zone_of_the_page() -> None:
    text = {"type": "NextRunCountdown", "props": {"at": NOW, "label": "Next"}, "text": "x"}
    page = {"type": "Page", "props": {"title": "x", "zone": "Asia/Tokyo"}, "children": ["n"]}

    assert "19:00" in words(render({ROOT: page, "n": text}))


def with_extras(value: Any) -> Any:
    """The same with members that nothing asks for, named like methods, wherever they are not data already."""
    if isinstance(value, list):
        return [with_extras(item) for item in value]
    if not isinstance(value, dict):
        return value
    extras = {name: "hostile" for name in METHODS if name not in ASKED_FOR}
    return {**extras, **{name: with_extras(item) for name, item in value.items()}}


def render(elements: Elements, reports: list[tuple[str, str, str]] | None = None) -> str:
    def report(id_: str, code: str, message: str) -> None:
        if reports is not None:
            reports.append((id_, code, message))

    renderer = HtmlRenderer(load(), report=report)
    return str(renderer.render(elements, ROOT, now_ms=NOW, csrf="token", can_act=True))
