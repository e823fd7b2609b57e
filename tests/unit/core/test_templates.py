from __future__ import annotations

import pytest

from rota.core.errors import JobError
from rota.core.templates import as_text, render, value


@pytest.mark.parametrize("text", ["plain", "${#list} %{http_code} {%x%} {# no #}", "}}", "{ {"])
def test_text_without_an_expression_stays_what_it_is(text: str) -> None:
    assert render(text, {}, where="exec[0]") == text


def test_statements_and_comments_beside_an_expression_stay_what_they_are() -> None:
    assert render("{% if %}{# c #}${#a} {{ x }}\n", {"x": 1}, where="env.A") == "{% if %}{# c #}${#a} 1\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        (3, "3"),
        (1.5, "1.5"),
        ({"a": ["ä"]}, '{"a":["ä"]}'),
    ],
)
def test_values_read_as_jobs_read_them(value: object, text: str) -> None:
    assert as_text(value) == text
    assert render("<{{ v }}>", {"v": value}, where="env.V") == f"<{text}>"


def test_a_value_is_never_read_as_a_template_itself() -> None:
    assert render("{{ v }}", {"v": "{{ secret }}"}, where="env.V") == "{{ secret }}"


@pytest.mark.parametrize(
    "text",
    [
        "{{ missing }}",
        "{{ v.missing.deeper }}",
        "{{ 1 / 0 }}",
        "{{ v +",
        "{{ ''.__class__.__mro__ }}",
        "{{ 'x' * 100000 }}",
    ],
)
def test_what_can_not_be_rendered_is_an_error_that_names_its_place(text: str) -> None:
    with pytest.raises(JobError, match=r"env\.V"):
        render(text, {"v": {}}, where="env.V")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ params.n }}", 7),
        ("{{- params.n -}}", 7),
        ("{{ params.n + 1 }}", 8),
        ("{{ params.all }}", [1, {"a": None}]),
        ("{{ params.n > 6 }}", True),
        ("{{ '7' }}", "7"),
        (" {{ params.n }}", " 7"),
        ("{{ params.n }}{{ params.n }}", "77"),
        ("{{ '}}' }}", "}}"),
        ("plain", "plain"),
    ],
)
def test_what_is_one_expression_alone_keeps_its_type(text: str, expected: object) -> None:
    values = {"params": {"n": 7, "all": [1, {"a": None}]}}

    assert value(text, values, where="args.n") == expected


@pytest.mark.parametrize(
    "text", ["{{ missing }}", "{{ params.gone }}", "{{ 'x' * 100000 }}", "{{ params.items }}"]
)
def test_a_value_is_as_strict_as_a_text(text: str) -> None:
    with pytest.raises(JobError, match=r"args\.n"):
        value(text, {"params": {}}, where="args.n")
