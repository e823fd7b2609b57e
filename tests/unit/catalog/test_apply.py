"""Patches applied all or not at all; the browser is held to the same cases in tests/browser."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from rota_catalog.apply import PatchRefused, apply

_DATA = json.loads((Path(__file__).parents[2] / "data/render/patches.json").read_text(encoding="utf-8"))
ELEMENTS: dict[str, Any] = _DATA["elements"]
CASES: list[dict[str, Any]] = _DATA["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_patch_gives_what_it_says_or_is_refused(case: dict[str, Any]) -> None:
    before = copy.deepcopy(ELEMENTS)

    try:
        after = apply(ELEMENTS, case["ops"], count=case.get("count"))
    except PatchRefused:
        assert case.get("refused")
    else:
        expected = {**ELEMENTS, **case["changed"]}
        assert after == {id_: element for id_, element in expected.items() if element is not None}

    assert before == ELEMENTS
