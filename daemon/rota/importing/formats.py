"""The formats that can be read, by the names people call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rota.importing import crontab, jobconfig, timers, yacron
from rota.importing.found import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A foreign text and what is known of it beside."""

    name: str  # of its file
    text: str
    timezone: str | None = None  # of times that name none; None: UTC
    has_user: bool | None = None  # of a crontab; None: look for it


def _crontabs(readings: Sequence[Reading]) -> list[Found]:
    return [crontab.read(each.text, has_user=each.has_user, timezone=each.timezone) for each in readings]


def _yacron(readings: Sequence[Reading]) -> list[Found]:
    return [yacron.read(each.text, timezone=each.timezone) for each in readings]


def _timers(readings: Sequence[Reading]) -> list[Found]:
    # A timer and its service are two files more often than one.
    timezone = readings[0].timezone if readings else None
    return timers.read([(each.name, each.text) for each in readings], timezone=timezone)


def _json(readings: Sequence[Reading]) -> list[Found]:
    return [jobconfig.read(each.text) for each in readings]


# Each answers one Found for every text, in their order.
FORMATS: Mapping[str, Callable[[Sequence[Reading]], list[Found]]] = {
    "crontab": _crontabs,
    "yacron": _yacron,
    "cronstable": _yacron,
    "timers": _timers,
    "json": _json,
}
