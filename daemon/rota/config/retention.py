"""The `retention` block, of a job and of rota.yaml."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from rota.config.part import Part
from rota.config.quantity import duration, fraction, size
from rota.core.model import Retention
from rota.core.problems import Problem

Raw = Mapping[str, Any]

READERS: Mapping[str, Callable[[Any], Any]] = {
    "rows": duration,
    "runs": int,
    "max_runs": int,
    "logs": duration,
    "failed_logs": duration,
    "max_logs": int,
    "logs_size": size,
    "logs_share": fraction,
}


def read_retention(raw: Raw) -> Retention:
    """Of a job's checked block."""
    return Retention(**{key: READERS[key](value) for key, value in raw.items()})


def retention_in(definition: str) -> Retention:
    """Of a job that is known by the text of its last definition only; what can't be read says nothing."""
    try:
        return read_retention(json.loads(definition).get("retention", {}))
    except (ValueError, KeyError, TypeError, AttributeError):  # written by another version of rota
        return Retention()


def check_retention(data: Raw, part: Part, problems: list[Problem]) -> None:
    """More runs can't be sure to stay than may stay."""
    kept = data.get("retention", {})
    if kept.get("runs", 0) > kept.get("max_runs", kept.get("runs", 0)):
        message = f"{kept['runs']} runs are to stay in any case, and no more than {kept['max_runs']} may stay"
        problems.append(part.problem(["retention", "runs"], message, "lower runs, or raise max_runs"))
