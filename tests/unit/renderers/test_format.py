"""Times, lengths and quantities in words; the browser is held to the same cases in tests/browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota_renderers import format as words

_DATA = Path(__file__).parents[2] / "data" / "render" / "format.json"
CASES: list[list[Any]] = json.loads(_DATA.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]}")
def test_words_are_what_people_expect(case: list[Any]) -> None:
    function, arguments, expected = case

    assert getattr(words, function)(*arguments) == expected


@given(st.integers(0, 253_402_300_799_999), st.sampled_from(["UTC", "Pacific/Kiritimati", "Pacific/Apia"]))
def test_every_instant_has_words_in_every_zone(at: int, zone: str) -> None:
    assert words.moment(at, 1_790_244_000_000, zone)
    assert words.iso(at).endswith("Z")


def test_a_length_never_shows_more_than_has_passed() -> None:
    assert words.elapsed(119_999) == "1 min 59 s"
    assert words.percent(0.9999) == 99
