"""Two definitions of a job compared key by key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

_CONTEXT = 2  # lines around a changed one


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """One key, dotted; `before` and `after` are JSON text, None where it is not written."""

    key: str
    before: str | None
    after: str | None

    @property
    def lines(self) -> tuple[str, ...]:
        """The difference of two texts of several lines as a unified diff without its head; else empty."""
        before, after = _text(self.before), _text(self.after)
        if not any("\n" in text.rstrip("\n") for text in (before, after)):
            return ()
        return tuple(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_CONTEXT))[2:]


def key_changes(before: str, after: str) -> tuple[KeyChange, ...]:
    """What differs between two definitions (JSON text), in order of the keys; maps are compared deeply."""
    if before == after:
        return ()
    return tuple(_changes("", json.loads(before), json.loads(after)))


def _changes(key: str, before: Any, after: Any) -> Iterator[KeyChange]:
    before, after = _beside(before, after), _beside(after, before)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            inner = f"{key}.{name}" if key else str(name)
            yield from _changes(inner, before.get(name, _NOTHING), after.get(name, _NOTHING))
    elif (old := _written(before)) != (new := _written(after)):
        yield KeyChange(key=key, before=old, after=new)


_NOTHING = object()


def _beside(value: Any, other: Any) -> Any:
    """A map that is new or gone is told key by key."""
    return {} if value is _NOTHING and isinstance(other, Mapping) and other else value


def _written(value: Any) -> str | None:
    return None if value is _NOTHING else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _text(written: str | None) -> str:
    value = json.loads(written) if written is not None else ""
    return value if isinstance(value, str) else ""
