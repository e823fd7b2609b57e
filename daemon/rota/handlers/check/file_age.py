"""Is a file fresh enough? `{path | glob, max_age}`, age by modification time; of a glob the newest file
counts.
"""

from __future__ import annotations

import glob
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rota.handlers.verdict import Verdict, length_text


def subject(settings: Mapping[str, Any]) -> str:
    return str(settings.get("path") or settings.get("glob"))


def look(settings: Mapping[str, Any]) -> Verdict:
    """Relative paths begin at the working directory of the job."""
    newest = _newest(settings)
    if newest is None:
        return Verdict(ok=False, text="there is no such file")
    path, modified = newest
    # The wall clock is what modification times are kept in.
    age = max(0.0, time.time() - modified)
    limit = float(settings["max_age"])
    text = f"{path} is {length_text(age)} old"
    if age > limit:
        text += f", expected at most {length_text(limit)}"
    return Verdict(ok=age <= limit, text=text, outputs={"age_seconds": f"{age:.0f}"})


def _newest(settings: Mapping[str, Any]) -> tuple[str, float] | None:
    found: list[tuple[str, float]] = []
    for name in _names(settings):
        try:
            found.append((name, Path(name).stat().st_mtime))
        except OSError:  # gone, or not ours to see: it does not count
            continue
    return max(found, key=lambda entry: entry[1], default=None)


def _names(settings: Mapping[str, Any]) -> list[str]:
    if settings.get("path"):
        return [str(settings["path"])]
    # Path.glob takes no absolute patterns.
    return glob.glob(str(settings["glob"]), recursive=True)  # noqa: PTH207
