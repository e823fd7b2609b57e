"""Commands as text that a shell reads."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:@%+,= -]*")
_BUILT_IN = {"echo", "printf", "test", "[", ".", "source", "type", "read", "kill", "ulimit", "time"}


def is_plain(command: str) -> bool:
    """Whether it is one program with plain words, so that every shell reads it in the same way."""
    if not _PLAIN.fullmatch(command):
        return False
    first = command.split()[0]
    return "=" not in first and first not in _BUILT_IN


def escaped(text: str) -> str:
    """The text where templates are read, so that it stays what it is."""
    return text.replace("{{", "{{ '{{' }}").replace("{%", "{{ '{%' }}").replace("{#", "{{ '{#' }}")


def with_stdin(command: str, lines: Sequence[str]) -> str:
    """The command with these lines as its standard input."""
    mark = "STDIN"
    while mark in lines:
        mark += "_"
    if not re.search(r"[;&|\n(){}]", command):
        head = f"{command} <<'{mark}'"
        return "\n".join([head, *lines, mark, ""])
    return "\n".join(["{", command, f"}} <<'{mark}'", *lines, mark, ""])
