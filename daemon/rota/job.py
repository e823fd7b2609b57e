"""What a Python job can tell rota while it runs.

    from rota import job

    job.progress(42, 100, "Copying users")
    job.output(rows=4711)

Standard library only, and harmless anywhere else: every call prints one line (docs/job-environment.md).
"""

from __future__ import annotations

import json
import sys


def progress(current: float, total: float = 0, text: str = "") -> None:
    """How far the job is: `current` of `total`, or just `current` when the total is not known."""
    of = f"/{_number(total)}" if total else ""
    _tell("progress", f"{_number(current)}{of} {text}")


def step(key: str, title: str = "") -> None:
    """A new part of the work begins; `key` is lower-case letters, digits and underscores."""
    _tell("step", f"{key} {title}")


def output(**values: object) -> None:
    """Results by name. Text stays text; everything else, and text of several lines, becomes JSON."""
    for name, value in values.items():
        _tell("output", f"{name}={as_text(value)}")


def warning(text: str) -> None:
    """Something that people should see, though the job goes on."""
    _tell("warning", text)


def error(text: str) -> None:
    """Why the job is about to fail: it is shown as the cause if it does."""
    _tell("error", text)


def as_text(value: object) -> str:
    """A value as one line. What JSON does not know stands there as its own text."""
    if not isinstance(value, str | int | float | dict | list | tuple | None):
        value = str(value)
    if isinstance(value, str) and len(value.splitlines()) <= 1:
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _number(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _tell(word: str, rest: str) -> None:
    sys.stdout.write(f"::{word} {' '.join(rest.splitlines())}".rstrip() + "\n")
    sys.stdout.flush()
