"""Schemas and values that were made to take for ever, or to make us ask somebody."""

from __future__ import annotations

from typing import Any

import pytest

from rota.core.param_schema import TOO_SLOW, errors_in, is_readable, patterns_in, references_in

SLOW = r"(a|a)*$"
LONG = "a" * 60 + "b"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": SLOW}, LONG),
        ({"items": {"pattern": SLOW}}, [LONG] * 1000),
        ({"patternProperties": {SLOW: {"type": "string"}}}, {LONG: 1}),
        ({"patternProperties": {SLOW: True}, "additionalProperties": False}, {LONG: 1}),
        ({"propertyNames": {"pattern": SLOW}}, {LONG: 1}),
    ],
)
def test_a_pattern_that_would_search_for_years_is_given_up(schema: dict[str, Any], value: object) -> None:
    found = errors_in(schema, value)

    assert {error.validator for error in found} & {TOO_SLOW, "propertyNames"}
    assert "takes too long to be held against" in found[0].message


def test_items_that_can_not_be_sorted_are_told_apart_quickly() -> None:
    mixed: list[object] = [each for number in range(8000) for each in (number, str(number))]

    assert not errors_in({"uniqueItems": True}, mixed)
    assert "non-unique" in errors_in({"uniqueItems": True}, [*mixed, 7])[0].message


@pytest.mark.parametrize(
    ("schema", "good", "wrong"),
    [
        ({"pattern": "^a"}, "ab", "ba"),
        ({"patternProperties": {"^a": {"type": "integer"}}}, {"a": 1, "b": "x"}, {"a": "x"}),
        ({"patternProperties": {"^a": True}, "additionalProperties": False}, {"ab": 1}, {"b": 1}),
        (
            {
                "properties": {"b": True},
                "patternProperties": {"^a": True},
                "additionalProperties": {"minimum": 5},
            },
            {"a": 1, "b": 1, "c": 6},
            {"c": 1},
        ),
    ],
)
def test_patterns_mean_what_they_say(schema: dict[str, Any], good: object, wrong: object) -> None:
    assert not errors_in(schema, good)
    assert errors_in(schema, wrong)


@pytest.mark.parametrize("pattern", ["(", "a" * 1001, "(" * 400 + ")" * 400, "a{99999999999}"])
def test_patterns_that_can_not_be_used_are_known(pattern: str) -> None:
    assert not is_readable(pattern)


def test_patterns_and_references_are_found_at_any_depth_but_not_in_values() -> None:
    schema = {
        "items": {"pattern": "a", "$ref": "https://example.org/x"},
        "anyOf": [{"patternProperties": {"b": {"$dynamicRef": "#y"}}}],
        "default": {"$ref": "c", "pattern": "c"},
    }

    assert [pattern for _, pattern in patterns_in(schema)] == ["a", "b"]
    assert list(references_in(schema)) == [
        ("items", "$ref"),
        ("anyOf", 0, "patternProperties", "b", "$dynamicRef"),
    ]
