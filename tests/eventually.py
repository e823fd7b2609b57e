"""Wait for a condition at the border to real processes, with a deadline. The only waiting that tests do."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")


def eventually(check: Callable[[], T | None], within: float = 60.0, every: float = 0.01) -> T:
    """The first truthy answer of `check`; AssertionError with its last answer when there was none in time."""
    deadline = time.monotonic() + within
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s; the last answer was {answer!r}")
        Event().wait(every)
