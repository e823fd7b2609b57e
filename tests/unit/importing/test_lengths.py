from __future__ import annotations

import pytest

from rota.importing.lengths import length_text, seconds_of


@pytest.mark.parametrize(
    ("span", "seconds"),
    [("90", 90), ("1h 30min", 5400), ("2d", 172800), ("500ms", 0.5), ("1.5min", 90), ("2w", 1209600)],
)
def test_spans_of_systemd(span: str, seconds: float) -> None:
    assert seconds_of(span) == seconds


@pytest.mark.parametrize("span", ["", "soon", "5 parsecs", "infinity"])
def test_what_is_no_span(span: str) -> None:
    assert seconds_of(span) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.2, "1s"), (90, "1m30s"), (5400, "1h30m"), (172800, "2d")]
)
def test_lengths_as_job_files_have_them(seconds: float, text: str) -> None:
    assert length_text(seconds) == text
