"""The delay of a due instant within its `spread`: the same each time for a job on a host, else another."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from rota.core.instant import length_ms, to_ms


def delay(seed: str, at: datetime, spread: timedelta) -> timedelta:
    """Whole milliseconds, 0 <= delay < spread, for the nominal instant `at`; `seed` is "<host>/<job>".

    The first eight bytes of SHA-256 over "<seed> <ms since the Unix epoch>", big-endian, modulo the spread.
    """
    width = length_ms(spread)
    if width <= 0:
        return timedelta(0)
    digest = sha256(f"{seed} {to_ms(at)}".encode("utf-8", "surrogateescape")).digest()
    return timedelta(milliseconds=int.from_bytes(digest[:8], "big") % width)
