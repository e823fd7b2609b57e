"""The schemas that are printed for readers outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.fixtures import Example, element, examples
from rota_catalog.catalog import ActionRule, Component, load
from rota_catalog.published import action_schema, component_schema

COMPONENTS = list(load().components.values())
ACTIONS = list(load().actions.values())


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.name)
def test_the_schema_of_a_component_stands_alone(component: Component) -> None:
    schema = component_schema(component)

    Draft202012Validator.check_schema(schema)
    assert list(references(schema)) == []
    assert (schema["title"], schema["description"]) == (component.name, component.summary)


@pytest.mark.parametrize("example", examples(), ids=str)
def test_every_element_of_an_example_fits_the_schema_of_its_component(example: Example) -> None:
    for shown in example.elements.values():
        schema = component_schema(load().components[shown["type"]])
        assert [error.message for error in Draft202012Validator(schema).iter_errors(shown)] == []


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.name)
def test_an_element_with_anything_else_in_it_does_not_fit(component: Component) -> None:
    validator = Draft202012Validator(component_schema(component))
    shown = {"text": "x", **element(component.name, component.examples[0])}

    assert validator.is_valid(shown)
    assert not validator.is_valid({**shown, "style": "color: red"})
    assert not validator.is_valid({**shown, "type": "Blink"})
    assert not validator.is_valid({**shown, "props": {**shown["props"], "blink": True}})
    assert validator.is_valid({**shown, "children": ["a"]}) is (component.children != "none")


@pytest.mark.parametrize("rule", ACTIONS, ids=lambda rule: rule.name)
def test_the_schema_of_an_action_stands_alone(rule: ActionRule) -> None:
    schema = action_schema(rule)

    Draft202012Validator.check_schema(schema)
    assert list(references(schema)) == []


def test_a_reference_to_an_action_is_held_to_its_arguments() -> None:
    validator = Draft202012Validator(action_schema(load().actions["run.cancel"]))
    cancel = {"do": "run.cancel", "label": "Cancel", "args": {"run": "backup.12"}}

    assert validator.is_valid(cancel)
    assert not validator.is_valid({**cancel, "args": {}})
    assert not validator.is_valid({**cancel, "do": "job.run"})
    assert not validator.is_valid({**cancel, "url": "/"})


def references(schema: Any) -> Iterator[str]:
    inside = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    if isinstance(schema, dict) and "$ref" in schema:
        yield schema["$ref"]
    for part in inside:
        yield from references(part)
