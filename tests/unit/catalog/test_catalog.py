"""The catalog's own files: every component has examples that pass and cases that don't."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.fixtures import Example, element, examples
from rota_catalog.catalog import Component, inlined, is_path, load, types
from rota_catalog.check import admit, faults

COMPONENTS = list(load().components.values())


@pytest.mark.parametrize("example", examples(), ids=str)
def test_every_example_may_be_shown(example: Example) -> None:
    _, found = admit(load(), example.elements, example.elements, example.root)

    assert found == []


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.name)
def test_every_invalid_case_is_found_where_it_is_wrong(component: Component) -> None:
    assert component.invalid, "a component needs a case that is refused"
    for case in component.invalid:
        found = faults(load(), "x", {"text": "x", **element(component.name, case)})
        assert case["at"] in [fault.pointer for fault in found], case["name"]


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.name)
def test_every_prop_says_what_it_is_or_has_a_telling_type(component: Component) -> None:
    assert component.props["additionalProperties"] is False
    assert "$ref" not in str(component.props)
    assert component.examples


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.name)
def test_the_types_that_a_component_takes_are_there(component: Component) -> None:
    lists = [types for types in (component.children, *component.slots.values()) if isinstance(types, tuple)]

    assert {name for types in lists for name in types} <= set(load().components)


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.name)
def test_a_renderer_that_differs_says_where_and_why(component: Component) -> None:
    for renderer, difference in component.differs.items():
        assert renderer in ("html", "web", "terminal")
        assert set(difference["without"]) <= set(load().components)
        assert difference["why"]


def test_states_of_every_schema_have_a_look() -> None:
    for name in ("state", "runState", "stepState", "health"):
        assert set(types()[name]["enum"]) <= set(load().states)
        assert types()[name]["x-unknown"] in types()[name]["enum"]


def test_looks_are_told_apart_by_letter_and_by_shape() -> None:
    shown = {name: look for name, look in load().states.items() if name not in ("ok", "warn")}

    assert len({look.icon for look in shown.values()}) == len(shown)
    assert len({look.ascii for look in shown.values()}) == len(shown)
    assert all(look.ascii.isascii() and len(look.ascii) == 1 for look in shown.values())


def test_an_unknown_state_keeps_its_word_and_looks_unknown() -> None:
    look = load().look("exploded")

    assert (look.word, look.tone, look.glyph) == ("exploded", "idle", "?")


def test_an_action_knows_its_routes_and_its_command() -> None:
    cancel = load().actions["run.cancel"]

    assert cancel.api_path({"run": "backup.12"}) == "/api/v1/runs/backup.12/cancel"
    assert cancel.form_action({"run": "a/../b"}) == "/runs/a%2F..%2Fb/cancel"
    assert cancel.command({"run": "backup.12"}) == "rota cancel backup.12"
    assert cancel.confirm is not None
    assert cancel.reason("not_active") == "it has ended"
    assert cancel.reason("moon_is_full") == "moon is full"


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("/", True),
        ("/jobs/a?b=c#d", True),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("/a\n", False),
        ("/a\tb", False),
        ("javascript:alert(1)", False),
        ("https://evil.example/", False),
        ("", False),
    ],
)
def test_only_places_on_this_site_are_links(path: str, safe: bool) -> None:
    assert is_path(path) is safe


def test_references_keep_what_stands_beside_them() -> None:
    schema: Any = {"items": [{"$ref": "types.json#/$defs/count", "description": "mine"}]}

    assert inlined(schema) == {"items": [{"type": "integer", "minimum": 0, "description": "mine"}]}
