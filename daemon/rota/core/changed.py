"""A changed copy of a frozen value: `dataclasses.replace` for what is changed many times a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")


def changed(value: T, **changes: Any) -> T:
    """A copy of a dataclass with slots; runs no `__post_init__`. Raises AttributeError for no such field."""
    kind: Any = type(value)
    read, setters = _fields_of(kind)
    copy: T = object.__new__(kind)
    for put, content in zip(setters, read(value), strict=True):
        put(copy, content)
    for name, content in changes.items():
        object.__setattr__(copy, name, content)
    return copy


@cache
def _fields_of(kind: Any) -> tuple[Callable[[Any], Sequence[Any]], Sequence[Callable[[Any, Any], None]]]:
    # The members behind the slots are set directly: the constructor of a frozen class goes a longer way.
    names = [field.name for field in fields(kind)]
    return attrgetter(*names), [getattr(kind, name).__set__ for name in names]
