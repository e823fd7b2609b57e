"""Waiting for an instant of the wall clock, or for something to be there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event


def next_minute(settle: timedelta) -> datetime:
    """The first minute that begins `settle` from now or later."""
    soonest = datetime.now(UTC) + settle
    return soonest.replace(second=0, microsecond=0) + timedelta(minutes=1)


def wait_until(at: datetime) -> None:
    """Return at that instant."""
    Event().wait(max(0.0, (at - datetime.now(UTC)).total_seconds()))


def wait_for(condition: Callable[[], bool], until: datetime) -> None:
    """Return when it holds, or when it is too late."""
    while not condition() and datetime.now(UTC) < until:
        Event().wait(0.1)
