"""Every kind of check, by the name it has in job files."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from rota.handlers.verdict import Verdict

KINDS = ("disk", "tcp", "http", "file_age", "command")


def look(kind: str, settings: Mapping[str, Any]) -> Verdict:
    """What a check of that kind finds. Raises KeyError when there is no such kind."""
    if kind not in KINDS:
        raise KeyError(f"no check is called {kind!r}; there are {', '.join(KINDS)}")
    # Imported by name, so that a check starts without what only the others need.
    verdict: Verdict = import_module(f"rota.handlers.check.{kind}").look(settings)
    return verdict


def subject(kind: str, settings: Mapping[str, Any]) -> str:
    """What a check looks at, in a few words: its name when the job file gives none."""
    named: str = import_module(f"rota.handlers.check.{kind}").subject(settings)
    return named
