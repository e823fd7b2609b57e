"""Instants at the border: aware UTC datetimes inside, integer milliseconds at rest and on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Milliseconds since the Unix epoch, rounded down."""
    return (at - EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """The aware UTC instant of that many milliseconds since the Unix epoch."""
    return EPOCH + ms * _MILLISECOND


def optional_ms(at: datetime | None) -> int | None:
    """`to_ms`, passing None through."""
    return None if at is None else to_ms(at)


def optional_from_ms(ms: int | None) -> datetime | None:
    """`from_ms`, passing None through."""
    return None if ms is None else from_ms(ms)


def length_ms(length: timedelta) -> int:
    """A length in whole milliseconds."""
    return length // _MILLISECOND
