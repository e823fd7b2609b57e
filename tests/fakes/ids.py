"""Ids that can be foretold."""

from __future__ import annotations


class FakeIds:
    """The seam `core.seams.Ids`: 00000000-0000-7000-8000-000000000001, token-1 and so on."""

    def __init__(self) -> None:
        self._attempts = 0
        self._tokens = 0

    def attempt(self) -> str:
        self._attempts += 1
        return f"00000000-0000-7000-8000-{self._attempts:012x}"

    def token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"
