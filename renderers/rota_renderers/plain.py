"""Text from anywhere, made harmless for a terminal."""

from __future__ import annotations

from re import compile as regex

_SEQUENCE = regex(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?|\x9b[0-?]*[ -/]*[@-~]"
)
# C0 except tab and newline, DEL, C1, line separators, and the marks that turn the direction of text around
_CONTROL = regex("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_SURROGATE = regex("[\ud800-\udfff]")


def plain(text: object) -> str:
    """Without escape sequences, control characters and direction marks; newline and tab stay."""
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", _SEQUENCE.sub("", str(text))))


def one_line(text: object) -> str:
    """`plain`, on a single line."""
    return " ".join(plain(text).split())
