"""The `concurrency` block of a job."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from rota.core.model import Concurrency, Overlap

_READERS: Mapping[str, Callable[[Any], Any]] = {
    "max": int,
    "overlap": Overlap,
    "queue": int,
    "pool": str,
    "weight": int,
    "priority": int,
    "lock": str,
}


def read_concurrency(raw: Mapping[str, Any]) -> Concurrency:
    """Of a job's checked block."""
    return Concurrency(**{key: _READERS[key](value) for key, value in raw.items()})


def concurrency_in(definition: str) -> Concurrency:
    """Of a job that is known by the text of a definition only; what can't be read says nothing."""
    try:
        return read_concurrency(json.loads(definition).get("concurrency", {}))
    except (ValueError, KeyError, TypeError, AttributeError):  # written by another version of rota
        return Concurrency()
