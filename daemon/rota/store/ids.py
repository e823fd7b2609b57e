"""Ids that sort by time, and tokens that can't be guessed."""

from __future__ import annotations

import os
import secrets
from uuid import UUID

from rota.core.instant import to_ms
from rota.core.seams import Clock


class SystemIds:
    """The seam `core.seams.Ids` for real."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def attempt(self) -> str:
        """A new UUIDv7 (RFC 9562): milliseconds, then 74 random bits."""
        bits = int.from_bytes(os.urandom(10), "big")
        stamp = to_ms(self._clock.now()) & ((1 << 48) - 1)
        value = stamp << 80 | 0x7 << 76 | (bits >> 62 & 0xFFF) << 64 | 0b10 << 62 | bits & ((1 << 62) - 1)
        return str(UUID(int=value))

    def token(self) -> str:
        """256 random bits, URL-safe."""
        return secrets.token_urlsafe(32)
