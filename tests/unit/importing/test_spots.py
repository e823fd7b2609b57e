from __future__ import annotations

import pytest

from rota.importing.spots import NotReadable, read


def test_members_remember_the_line_of_their_key() -> None:
    spot = read("a:\n  b: 1\nc: [x, y]\nd:\n")

    assert [(key, each.line) for key, each in spot.members.items()] == [("a", 1), ("c", 3), ("d", 4)]
    assert spot.members["a"].members["b"].number == 1
    assert [each.text for each in spot.members["c"].items] == ["x", "y"]
    assert spot.members["d"].value is None
    assert spot.plain == "{a: {b: 1}, c: [x, y], d: }"


def test_scalars_stay_as_they_were_written() -> None:
    spot = read("{a: yes, b: 010, c: 1:30, d: '', e: off}")

    assert [each.text for each in spot.members.values()] == ["yes", "010", "1:30", "", "off"]
    assert (spot.members["a"].truth, spot.members["e"].truth) == (True, False)


def test_a_value_that_is_no_number() -> None:
    assert read("a: x").members["a"].number is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "not YAML"),
        ("--- a\n--- b\n", "not YAML"),
        ("[" * 100 + "]" * 100, "too large or too deep"),
        ("a: &a [x, *a]", "too large or too deep"),
        ("? [a]\n: b", "a key that is not text"),
    ],
)
def test_what_can_not_be_read_says_why(text: str, message: str) -> None:
    with pytest.raises(NotReadable, match=message):
        read(text)


def test_aliases_can_not_make_it_endless() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 12)]

    with pytest.raises(NotReadable, match="too large"):
        read("\n".join(lines))


def test_a_text_of_brackets_only_does_not_end_the_process() -> None:
    with pytest.raises(NotReadable, match="too deep"):
        read("[" * 100_000)
