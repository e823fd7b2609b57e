"""What an importer finds in a foreign text, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One job of the foreign text. `keys` are those of a job file, in the order in which people read them."""

    line: int  # from 1
    text: str  # as it stood there, for the comment in the job file
    name: str  # what its id is made of
    keys: Mapping[str, Any]
    notes: tuple[str, ...] = ()  # what differs, and what to do about it


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconverted:
    """What has no place in a job file, and why; `line` counts from 1."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All of one text, in its order."""

    entries: tuple[Entry, ...] = ()
    unconverted: tuple[Unconverted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFile:
    """One job file, ready to be written as `<id>.yaml`."""

    id: str
    text: str
    source: str  # the foreign file
    line: int
    notes: tuple[str, ...] = ()
