from __future__ import annotations

import pytest

from rota.core import markers
from rota.core.markers import ErrorMarker, OutputMarker, ProgressMarker, StepMarker, WarningMarker


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("::progress 42/100 Copying users", ProgressMarker(current=42, total=100, text="Copying users")),
        ("::progress 42 / 100", ProgressMarker(current=42, total=100, text="")),
        ("::progress 42% almost", ProgressMarker(current=42, total=100, text="almost")),
        ("::progress 7 files seen", ProgressMarker(current=7, total=0, text="files seen")),
        ("::progress 1.5/3\r\n", ProgressMarker(current=1.5, total=3, text="")),
        ("::progress 5/0", ProgressMarker(current=5, total=0, text="")),
        ("::step verify", StepMarker(key="verify", title="verify")),
        ("::step verify Verify the dump", StepMarker(key="verify", title="Verify the dump")),
        ("::output size=1048576", OutputMarker(key="size", value="1048576")),
        ("::output query=a=b c", OutputMarker(key="query", value="a=b c")),
        ("::output empty=", OutputMarker(key="empty", value="")),
        ("::warning The replica lags", WarningMarker(text="The replica lags")),
        ("::error Row 7 has no date", ErrorMarker(text="Row 7 has no date")),
    ],
)
def test_a_well_formed_marker_has_a_meaning_and_is_hidden(line: str, expected: markers.Marker) -> None:
    assert markers.parse(line) == expected
    assert markers.is_marker(line)


@pytest.mark.parametrize(
    "line",
    [
        "::progress",
        "::progress half",
        "::progress -1/3",
        "::progress nan/3",
        "::progress 99999999999999999999/1",
        "::step",
        "::step Verify",
        "::step 1st",
        f"::step {'a' * 64}",
        "::output size",
        "::output Size=1",
        "::output a\0b=1",
        f"::output size={'x' * (64 * 1024 + 1)}",
        "::warning",
        "::error",
    ],
)
def test_a_malformed_marker_is_no_marker_and_its_author_should_hear_of_it(line: str) -> None:
    assert markers.parse(line) is None
    assert markers.looks_like_marker(line)


@pytest.mark.parametrize(
    "line", ["", "hello", " ::progress 1/2", "::progressing 1/2", "::group x", "progress 1/2"]
)
def test_other_lines_are_shown_without_a_word(line: str) -> None:
    assert not markers.is_marker(line)
    assert not markers.looks_like_marker(line)


def test_a_long_text_is_cut() -> None:
    marker = markers.parse("::warning " + "x" * 1000)

    assert isinstance(marker, WarningMarker)
    assert len(marker.text) == markers.TEXT_LIMIT
    assert marker.text.endswith("…")
