"""What a built-in kind of work says at its end, and how it says it to rota and to people.

Standard library only, like all that runs in the processes of built-in kinds.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

SETTINGS = "ROTA_WORK"  # environment variable that carries the settings, as JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Good or not, in a sentence for people; `outputs` become the run's result."""

    ok: bool
    text: str
    outputs: Mapping[str, str] = field(default_factory=dict)


def settings() -> Mapping[str, object]:
    """The settings of this process."""
    found: Mapping[str, object] = json.loads(os.environ[SETTINGS])
    return found


def say(line: str) -> None:
    """One line of the log, at once; what is inside it can't begin another."""
    sys.stdout.write(" ".join(line.splitlines()) + "\n")
    sys.stdout.flush()


def say_foreign(text: str, *, most: int = 16 * 1024) -> None:
    """Text from elsewhere, indented: so it can't be taken for rota's own `::` lines."""
    for line in text[:most].splitlines():
        say(f"  {line}")
    if len(text) > most:
        say(f"  … {len(text) - most} more characters")


def say_outputs(outputs: Mapping[str, str]) -> None:
    """As the `::output` lines that any job can write."""
    for name, value in outputs.items():
        say(f"::output {name}={value}")


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises TimeoutError inside the block when it takes longer: a bound on the whole, not on one read of
    it.
    """

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"no answer within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def size_text(size: float) -> str:
    """Bytes as people read them: 1.5 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def length_text(seconds: float) -> str:
    """A length as people read it: 0.5 s, 45 s, 12 m, 5 h, 3 d."""
    if seconds < 2:
        return f"{seconds:.2g} s"
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
