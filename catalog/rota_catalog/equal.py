"""Equality of plain data as JSON sees it."""

from __future__ import annotations

from typing import Any


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: true is not 1, but 1.0 and 1 are one number."""
    if one is other:
        return True
    if isinstance(one, dict):
        return isinstance(other, dict) and len(one) == len(other) and _same_members(one, other)
    if isinstance(one, list):
        return (
            isinstance(other, list)
            and len(one) == len(other)
            and all(same(a, b) for a, b in zip(one, other, strict=True))
        )
    if isinstance(one, bool) or isinstance(other, bool):
        return False  # equal booleans are one object
    return bool(one == other)


def _same_members(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(key in other and same(value, other[key]) for key, value in one.items())
