"""A line of a log for people: what a terminal would have left of it, without what only a terminal obeys."""

from __future__ import annotations

from re import compile as regex

_SEQUENCE = regex(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?|\x9b[0-?]*[ -/]*[@-~]"
)
# C0 except tab and newline, DEL, C1, line separators, and the marks that turn the direction of text around
_CONTROL = regex("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def shown(text: str) -> str:
    """Of a progress bar, which returns to the line's beginning again and again, only how it stands last."""
    if text.isprintable():
        return text
    last = text.rstrip("\r").rpartition("\r")[2]
    return _CONTROL.sub("", _SEQUENCE.sub("", last))
