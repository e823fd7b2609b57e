"""What a plain (unquoted) scalar means: the YAML 1.2 core schema, without the words it lets be ambiguous."""

from __future__ import annotations

import math
import re

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_FIRST_OF_NUMBER = frozenset("0123456789+-.")
_NO_LAST_OF_NUMBER = frozenset("ghjkmopqrstuvwxyzGHJKMOPQRSTUVWXYZ%")  # as of 30s, 5m, 16M and 10%
_INTEGER = re.compile(r"[-+]?[0-9]+")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")
_LONGEST_NUMBER = 400  # characters; Python refuses to read integers of thousands of digits


class OddScalar(ValueError):
    """A plain scalar that rota does not guess about; `hint` says how to write what was meant."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def resolve(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar. Only true and false are booleans; dates, `on` and 1:30 stay text.

    Raises OddScalar for numbers with a leading zero (YAML 1.1 reads octal, 1.2 decimal), infinite ones, and
    integers that do not fit 64 bits.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _FIRST_OF_NUMBER or text[-1] in _NO_LAST_OF_NUMBER:
        return text
    return _number(text)


def _number(text: str) -> str | int | float:
    if _LEADING_ZERO.fullmatch(text):
        bare = text.lstrip("+-0") or "0"
        raise OddScalar(
            f"{_short(text)} begins with a zero, which YAML versions read differently",
            f'write {_short(bare)} for the number or "{_short(text)}" for the text',
        )
    if _INTEGER.fullmatch(text) or _BASED.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return _finite(text)
    if _NOT_FINITE.fullmatch(text):
        raise OddScalar(f"{text} is not a number that JSON has", _quote(text))
    return text


def _integer(text: str) -> int:
    number = int(text, _base(text)) if len(text) <= _LONGEST_NUMBER else 2**64
    if not -(2**63) <= number < 2**63:
        raise OddScalar(f"{_short(text)} does not fit 64 bits", _quote(text))
    return number


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise OddScalar(f"{_short(text)} is too large for a number", _quote(text))
    return number


def _base(text: str) -> int:
    return {"0x": 16, "0o": 8}.get(text[:2], 10)


def _quote(text: str) -> str:
    return f'write "{_short(text)}" in quotes if it is text'


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
