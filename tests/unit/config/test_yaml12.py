"""What the reader makes of YAML, and what it refuses, each with its place."""

from __future__ import annotations

import pytest

from rota.config.yaml12 import MAX_BYTES, read
from rota.core.problems import Problem


def data(text: str) -> object:
    document = read(text.encode(), "job.yaml")
    assert not document.problems
    return document.data


def problem(content: str | bytes) -> Problem:
    document = read(content if isinstance(content, bytes) else content.encode(), "job.yaml")
    assert len(document.problems) == 1
    return document.problems[0]


def place_of(found: Problem) -> tuple[int, int]:
    return found.line, found.column


@pytest.mark.parametrize(
    "word", ["on", "off", "yes", "no", "y", "n", "On", "2026-01-01", "12:30", "1_000", "0b1"]
)
def test_words_that_older_yaml_turned_into_something_else_stay_text(word: str) -> None:
    assert data(f"a: {word}") == {"a": word}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("15", 15),
        ("-3", -3),
        ("0o17", 15),
        ("0x1f", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("'15'", "15"),
        ('"true"', "true"),
        ("!!str 15", "15"),
    ],
)
def test_plain_scalars_mean_what_the_core_schema_says(written: str, value: object) -> None:
    found = data(f"a: {written}")

    assert found == {"a": value}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(value)


def test_keys_are_text_whatever_they_look_like() -> None:
    assert data("on: 1\n8080: 2\ntrue: 3\n") == {"on": 1, "8080": 2, "true": 3}


def test_aliases_repeat_what_their_anchor_holds() -> None:
    assert data("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}


def test_an_empty_file_and_one_of_comments_hold_nothing() -> None:
    assert data("") is None
    assert data("# nothing\n") is None


def test_every_key_and_value_has_its_place() -> None:
    document = read(b"retry:\n  attempts: 3\ntags: [a, bc]\n", "job.yaml")

    assert document.places.key(document.data, ["retry", "attempts"]).line == 2
    assert document.places.key(document.data, ["retry", "attempts"]).column == 3
    assert document.places.value(document.data, ["retry", "attempts"]).column == 13
    assert document.places.value(document.data, ["tags", 1]).column == 11


def test_columns_count_characters_not_bytes() -> None:
    assert place_of(problem("aé: 'x' : y")) == (1, 9)


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, 'duplicate key "a"'),
        ("a: 0755\n", 1, 4, "begins with a zero"),
        ("a: .inf\n", 1, 4, "not a number that JSON has"),
        ("a: 1e999\n", 1, 4, "too large for a number"),
        ("a: " + "9" * 30, 1, 4, "does not fit 64 bits"),
        ("a: " + "9" * 5000, 1, 4, "does not fit 64 bits"),
        ("a: !secret x\n", 1, 4, "!secret is a tag"),
        ("a: !x!y z\n", 1, 4, "a tag"),
        ("[a]: 1\n", 1, 1, "a key must be text"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a second document"),
        ("a: *b\n", 1, 4, "`*b` names no anchor"),
        ("a: &a [*a]\n", 1, 8, "refers to itself"),
        ("a:\n\tb: 1\n", 2, 1, "a tab"),
        ("a: @b\n", 1, 4, "`@` can't begin a value"),
        ("a: b: c\n", 1, 5, "a `: ` inside text"),
        ("a: 'b\n", 1, 4, "a quote that is never closed"),
        ("a: [b\nc: d\n", 1, 4, "a list that is never closed"),
        ("a: 1\n b: 2\n", 2, 2, "indented deeper"),
        ("a: \x01\n", 1, 4, "character U+0001"),
        ("[" * 70 + "]" * 70, 1, 65, "nested deeper than 64"),
    ],
)
def test_what_is_refused_is_named_at_its_place(text: str, line: int, column: int, says: str) -> None:
    found = problem(text)

    assert says in found.message
    assert place_of(found) == (line, column)


def test_a_leading_zero_is_not_guessed_about() -> None:
    assert problem("mode: 0755").hint == 'write 755 for the number or "0755" for the text'


def test_bytes_that_are_not_utf8_are_named_by_line_and_column() -> None:
    found = problem(b"a: b\nc: \xe9\n")

    assert place_of(found) == (2, 4)
    assert "0xe9 is not UTF-8" in found.message


def test_a_byte_order_mark_is_refused() -> None:
    assert "byte order mark" in problem(b"\xef\xbb\xbfa: 1").message


def test_a_file_over_one_mebibyte_is_refused() -> None:
    assert "more than 1 MiB" in problem(b"#" * (MAX_BYTES + 1)).message
    assert read(b"#" * MAX_BYTES, "job.yaml").problems == ()


def test_aliases_can_not_grow_without_measure() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))

    assert "aliases make this file too large" in problem(text).message


def test_aliases_can_not_nest_deeper_than_lists_can() -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 80))

    assert "nested deeper" in problem(text).message


def test_problems_that_do_not_stop_reading_come_all_at_once() -> None:
    document = read(b"a: 1\na: 2\nb: 0o7\nb: 007\n", "job.yaml")

    assert [found.line for found in document.problems] == [2, 4, 4]
    assert document.readable
