"""The `schedule:` block as triggers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from rota.config import zones
from rota.config.part import Part
from rota.config.quantity import duration, instant
from rota.core import cron
from rota.core.model import AtTrigger, CronTrigger, EveryTrigger, Trigger
from rota.core.problems import Problem

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a schedule gets from outside its file: the default zone, and the seed of `H` fields."""

    timezone: str
    seed: str


def read_triggers(
    data: Mapping[str, Any], part: Part, origin: Origin, problems: list[Problem]
) -> tuple[Trigger, ...]:
    """The triggers of a job whose schedule fits the schema; what is wrong with them goes to `problems`."""
    schedule = data.get("schedule", [])
    single = isinstance(schedule, dict)
    triggers: list[Trigger] = []
    for index, written in enumerate([schedule] if single else schedule):
        path: list[str | int] = ["schedule"] if single else ["schedule", index]
        trigger = _Reader(part, path, origin, problems).trigger(written)
        if trigger is not None:
            triggers.append(trigger)
    return tuple(triggers)


class _Reader:
    """Reads one trigger."""

    def __init__(self, part: Part, path: list[str | int], origin: Origin, problems: list[Problem]) -> None:
        self._part, self._path, self._origin, self._problems = part, path, origin, problems

    def trigger(self, written: dict[str, Any]) -> Trigger | None:
        zone = self._zone(written)
        if "cron" in written:
            return self._cron(written["cron"], zone)
        if "every" in written:
            return EveryTrigger(interval=duration(written["every"]), timezone=zone.key)
        return self._at(written["at"], zone)

    def _zone(self, written: dict[str, Any]) -> ZoneInfo:
        name = written.get("timezone", self._origin.timezone)
        zone = zones.find(name)
        if zone is None:
            self._note("timezone", f'"{name}" is not a time zone', zones.hint(name))
        return zone or _UTC

    def _cron(self, expression: str, zone: ZoneInfo) -> CronTrigger | None:
        try:
            cron.parse(expression, seed=self._origin.seed)
        except cron.CronError as error:
            self._note("cron", f"cron expression: {error.message}", error.hint)
            return None
        return CronTrigger(expression=expression, timezone=zone.key, seed=self._origin.seed)

    def _at(self, written: str, zone: ZoneInfo) -> AtTrigger | None:
        try:
            return AtTrigger(at=instant(written, zone))
        except (ValueError, OverflowError) as error:
            self._note("at", f'there is no instant "{written}": {error}', "write it as 2027-01-31T18:00:00Z")
            return None

    def _note(self, key: str, message: str, hint: str | None) -> None:
        self._problems.append(self._part.problem([*self._path, key], message, hint))
