"""Each row of docs/faults.md names a test that is there, and each such test has its row."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
DOCUMENT = TESTS.parents[1] / "docs" / "faults.md"
_ROW = re.compile(r"^\|.*\| `([\w/]+\.py)::(\w+)` \|$", re.MULTILINE)
_TEST = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)


def test_each_fault_of_the_table_has_its_test_and_each_test_its_row() -> None:
    named = set(_ROW.findall(DOCUMENT.read_text(encoding="utf-8")))
    there = {
        (str(file.relative_to(TESTS)), name)
        for file in TESTS.glob("*/test_*.py")
        for name in _TEST.findall(file.read_text(encoding="utf-8"))
    }

    assert named - there == set()
    assert {(file, name) for file, name in there if file.startswith("faults/")} - named == set()


def test_each_row_says_something_in_each_column() -> None:
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]

    assert len(rows) > 15
    assert all(len([cell for cell in row.strip("|").split("|") if cell.strip()]) == 5 for row in rows)
