"""No template takes noticeable time or memory. A test that hangs here has found one that does."""

from __future__ import annotations

import pytest

from rota.core.errors import JobError
from rota.core.templates import names, render

LARGE = {"large": "a" * 60_000, "many": ["a" * 100] * 600}


@pytest.mark.parametrize(
    "expression",
    [
        "9 ** (9 ** 9)",
        "(9 ** 900) * (9 ** 900)",
        "'x' * 10 ** 9",
        "10 ** 9 * [1]",
        "'%999999999d' % 1",
        "'%0*d' % (999999999, 1)",
        "'{:>999999999}'.format(1)",
        "'x'.ljust(999999999)",
        "'x'.zfill(999999999)",
        "'x'.replace('', large).replace('', large)",
        "large.join(large)",
        "(1).to_bytes(999999999, 'big')",
        "large | replace('', large)",
        "large | join(large)",
        "many | join(large)",
        "1.5 | round(999999999, 'ceil')",
        "[1] | tojson(indent=999999999)",
        "range(10 ** 9) | list",
        "range(99999).__reduce__()",
    ],
)
def test_what_would_grow_without_end_is_refused(expression: str) -> None:
    with pytest.raises(JobError, match=r"The template in env\.V"):
        render(f"{{{{ {expression} }}}}", LARGE, where="env.V")


@pytest.mark.parametrize(
    "name", ["center", "format", "indent", "wordwrap", "batch", "slice", "map", "xmlattr"]
)
def test_filters_that_build_large_texts_are_not_there(name: str) -> None:
    with pytest.raises(JobError, match=f'there is no filter "{name}"'):
        names(f"{{{{ x | {name} }}}}")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1+" * 20_000 + "1", "too long"),
        ("'a'~" * 20_000 + "'a'", "too long"),
        ("x" + ".a" * 20_000, "too long"),
        ("(" * 300 + "1" + ")" * 50, "."),
        ("[" * 199 + "]" * 199, "."),
        ("9" * 20_000, "a number that is too long"),
    ],
)
def test_expressions_that_are_too_long_or_deep_are_refused_when_they_are_read(
    expression: str, message: str
) -> None:
    with pytest.raises(JobError, match=message):
        names(f"{{{{ {expression} }}}}")


def test_many_short_expressions_in_one_text_are_fine() -> None:
    assert render("{{ x }}, " * 500, {"x": 1}, where="env.V") == "1, " * 500


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("2 ** 10 * 3", "3072"),
        ("7 % 4", "3"),
        ("'ab' * 3", "ababab"),
        ("'a-b' | replace('-', '_')", "a_b"),
        ("['a', 1] | join('-')", "a-1"),
        ("1.256 | round(2)", "1.26"),
        ("{'a': [1]} | tojson", '{"a": [1]}'),
        ("'a b'.split() | first | upper", "A"),
        ("{'a': 1}.get('b', 2)", "2"),
        ("range(3) | list", "[0,1,2]"),
        ("'x' if 1 in [1] else 'y'", "x"),
    ],
)
def test_everyday_expressions_work(expression: str, text: str) -> None:
    assert render(f"{{{{ {expression} }}}}", {}, where="env.V") == text
