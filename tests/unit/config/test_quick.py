"""The quick proof: what it must be sure of, and where it must not be built."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rota.config.quick import prover

REQUIRED_ONE = {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 3}, 3, 4),
        ({"type": "integer"}, 1, True),
        ({"type": ["string", "boolean"]}, True, 1),
        ({"type": "string", "pattern": "^a$"}, "a", "a\n"),
        ({"enum": ["a", "b"]}, "b", "c"),
        ({"const": 0}, 0, False),
        ({"type": "string", "minLength": 1, "maxLength": 2}, "ab", "abc"),
        ({"items": {"type": "string"}, "minItems": 1, "maxItems": 2}, ["a"], []),
        ({"uniqueItems": True}, [1, "1"], [1, 1]),
        ({"properties": {"a": {"type": "string"}}, "additionalProperties": False}, {"a": "x"}, {"b": "x"}),
        ({"additionalProperties": {"type": "string"}, "minProperties": 1}, {"a": "x"}, {"a": 1}),
        ({"propertyNames": {"pattern": "^[a-z]+$"}, "maxProperties": 1}, {"a": 1}, {"A": 1}),
        ({"required": ["a"]}, {"a": 1}, {"b": 1}),
        (REQUIRED_ONE, {"a": 1}, {"a": 1, "b": 1}),
        ({"not": {"required": ["a", "b"]}}, {"a": 1}, {"a": 1, "b": 1}),
        ({"not": {"const": "main"}}, "other", "main"),
        ({"not": {"enum": ["main", "condition"]}}, "other", "condition"),
        ({"dependentRequired": {"a": ["b"]}}, {"b": 1}, {"a": 1}),
        ({"anyOf": [{"type": "string"}, {"type": "array"}]}, [], {}),
        ({"allOf": [{"not": {"required": ["a", "b"]}}, {"minProperties": 1}]}, {"b": 1}, {"a": 1, "b": 1}),
        ({"$ref": "#/$defs/word", "minLength": 2}, "ab", "a"),
    ],
)
def test_each_keyword_is_proven_as_the_validator_sees_it(schema: dict[str, Any], good: Any, bad: Any) -> None:
    definitions = {"word": {"type": "string"}}
    proof = prover(schema, definitions)
    validator = Draft202012Validator({**schema, "$defs": definitions})

    assert proof(good)
    assert validator.is_valid(good)
    assert not proof(bad)
    assert bad == "a\n" or not validator.is_valid(bad)


@pytest.mark.parametrize("schema", [{"format": "date"}, {"patternProperties": {}}, {"if": {}}])
def test_a_keyword_it_does_not_know_is_never_passed_over(schema: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        prover(schema, {})


def test_a_choice_whose_no_is_not_sure_is_refused() -> None:
    with pytest.raises(ValueError, match="no quick proof"):
        prover({"oneOf": [{"type": "string"}, {"type": "array"}]}, {})
