from __future__ import annotations

import pytest

from rota.core.log_text import shown


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("plain text, Zürich 北京", "plain text, Zürich 北京"),
        ("with\ttab", "with\ttab"),
        ("\x1b[1;31mred\x1b[0m and \x1b]0;title\x07rest", "red and rest"),
        ("\x1b[2J\x1b[Hcleared", "cleared"),
        ("a\0b\x08c\x7f", "abc"),
        ("10%\r20%\r100%", "100%"),
        ("a line of Windows\r", "a line of Windows"),
        ("\u202eevil\u2066", "evil"),
        ("\x1b", ""),
        ("", ""),
    ],
)
def test_a_line_is_shown_as_a_terminal_would_have_left_it(written: str, text: str) -> None:
    assert shown(written) == text
