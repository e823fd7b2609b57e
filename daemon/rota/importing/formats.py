"""The formats that can be read, by the names people call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rota.importing import crontab
from rota.importing.found import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A foreign text and what is known of it beside."""

    text: str
    timezone: str | None = None  # of times that name none; None: UTC
    has_user: bool | None = None  # of a crontab; None: look for it


def _crontab(reading: Reading) -> Found:
    return crontab.read(reading.text, has_user=reading.has_user, timezone=reading.timezone)


FORMATS: Mapping[str, Callable[[Reading], Found]] = {"crontab": _crontab}
