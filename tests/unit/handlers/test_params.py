from __future__ import annotations

from typing import Any

import pytest

from rota.core.errors import InvalidRequest
from rota.handlers.params import checked_params, from_form

SCHEMAS: dict[str, dict[str, Any]] = {
    "database": {"type": "string", "enum": ["app", "billing"], "default": "app"},
    "days": {"type": "integer", "minimum": 1, "default": 7},
    "full": {"type": "boolean", "default": False},
}


def test_what_is_not_sent_takes_its_default() -> None:
    assert checked_params(SCHEMAS, {"days": 3}) == {"database": "app", "days": 3, "full": False}
    assert checked_params({}, None) == {}


def test_every_wrong_parameter_is_named() -> None:
    with pytest.raises(InvalidRequest) as caught:
        checked_params(SCHEMAS, {"database": "crm", "days": "many", "dayz": 1})

    assert sorted(problem.path for problem in caught.value.problems) == ["/database", "/days", "/dayz"]
    assert "it takes database, days, full" in caught.value.message


def test_a_parameter_without_default_is_needed() -> None:
    with pytest.raises(InvalidRequest, match="'name' is needed"):
        checked_params({"name": {"type": "string"}}, {})


def test_parameters_that_no_environment_can_hold_are_refused() -> None:
    text = {f"p{i}": {"type": "string"} for i in range(5)}

    with pytest.raises(InvalidRequest, match="NUL"):
        checked_params(text, dict.fromkeys(text, "") | {"p0": "\0"})
    with pytest.raises(InvalidRequest, match="surrogate"):
        checked_params(text, dict.fromkeys(text, "") | {"p0": "\ud800"})
    with pytest.raises(InvalidRequest, match="'p0' is larger than 64 KiB"):
        checked_params(text, dict.fromkeys(text, "") | {"p0": "x" * 70_000})
    with pytest.raises(InvalidRequest, match="together are larger than 256 KiB"):
        checked_params(text, dict.fromkeys(text, "x" * 60_000))


def test_texts_of_a_form_become_the_types_the_job_takes() -> None:
    assert from_form(SCHEMAS, {"database": "7", "days": "7", "full": "true"}) == {
        "database": "7",
        "days": 7,
        "full": True,
    }
    assert from_form(SCHEMAS, {"full": "on", "days": ""}) == {"full": True}


def test_a_text_that_is_no_number_stays_text_so_that_the_check_names_it() -> None:
    with pytest.raises(InvalidRequest, match="'days'"):
        checked_params(SCHEMAS, from_form(SCHEMAS, {"days": "many"}))


def test_lists_and_untyped_enums_are_read_as_json() -> None:
    schemas: dict[str, dict[str, Any]] = {"only": {"type": "array"}, "size": {"enum": [1, 2]}, "free": {}}

    assert from_form(schemas, {"only": '["a"]', "size": "2", "free": "2"}) == {
        "only": ["a"],
        "size": 2,
        "free": "2",
    }


def test_a_field_of_thousands_of_brackets_stays_text() -> None:
    assert from_form({"only": {"type": "array"}}, {"only": "[" * 100_000}) == {"only": "[" * 100_000}


def test_a_value_that_is_too_large_is_not_looked_at_closely() -> None:
    schemas = {"a": {"type": "string", "pattern": "(a|a)*$"}}

    with pytest.raises(InvalidRequest) as refused:
        checked_params(schemas, {"a": "a" * 70_000 + "b"})

    assert [problem.message for problem in refused.value.problems] == [
        "The parameter 'a' is larger than 64 KiB."
    ]
