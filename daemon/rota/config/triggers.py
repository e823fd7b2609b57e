"""The `schedule:` block as triggers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rota.config import zones
from rota.config.calendars import Calendars
from rota.config.excepts import Excepting
from rota.config.findings import Findings, Mention
from rota.config.part import Part
from rota.config.quantity import duration, instant
from rota.core import cron
from rota.core.nominal import FAR
from rota.core.triggers import (
    AfterTrigger,
    AtTrigger,
    BootTrigger,
    CronTrigger,
    Ending,
    EveryTrigger,
    Trigger,
)

_UTC = ZoneInfo("UTC")
_LONGEST_SPREAD = timedelta(days=1)
_MOST_ON_THEIR_WAY = 1000  # due instants of one trigger that are delayed at the same time


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a schedule gets from outside its file.

    The default zone, the seed of `H` fields and `spread`, where relative paths begin, and calendars.
    """

    timezone: str
    seed: str
    folder: str = ""
    calendars: Calendars = field(default_factory=Calendars)


def read_triggers(
    data: Mapping[str, Any], part: Part, origin: Origin, findings: Findings
) -> tuple[Trigger, ...]:
    """The triggers of a job whose schedule fits the schema; what is wrong with them goes to the findings."""
    schedule = data.get("schedule", [])
    single = isinstance(schedule, dict)
    triggers: list[Trigger] = []
    for index, written in enumerate([schedule] if single else schedule):
        path: tuple[str | int, ...] = ("schedule",) if single else ("schedule", index)
        trigger = _Reader(part, path, origin, findings).trigger(written)
        if trigger is not None:
            triggers.append(trigger)
    return tuple(triggers)


class _Reader:
    """Reads one trigger."""

    def __init__(self, part: Part, path: tuple[str | int, ...], origin: Origin, findings: Findings) -> None:
        self._part, self._path, self._origin, self._findings = part, path, origin, findings

    def trigger(self, written: dict[str, Any]) -> Trigger | None:
        zone = self._zone(written)
        shared = self._shared(written, zone)
        self._check_spread(written)
        if "cron" in written:
            return self._cron(written["cron"], shared)
        if "every" in written:
            interval = duration(written["every"])
            return EveryTrigger(interval=interval, from_end="from" in written, **shared)
        if "boot" in written:
            return BootTrigger(delay=duration(written["boot"]), **shared)
        if "after" in written:
            return self._after(written["after"], shared)
        return self._at(written["at"], zone, shared)

    def _zone(self, written: dict[str, Any]) -> ZoneInfo:
        name = written.get("timezone", self._origin.timezone)
        zone = zones.find(name)
        if zone is None:
            self._note("timezone", f'"{name}" is not a time zone', zones.hint(name))
        return zone or _UTC

    def _shared(self, written: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
        """What every kind of trigger takes. A seed that decides nothing is left out."""
        shared: dict[str, Any] = {"timezone": zone.key}
        spread = duration(written.get("spread", 0))
        if spread:
            shared |= {"spread": spread, "seed": self._origin.seed}
        if "except" in written:
            excepting = Excepting(
                part=self._part,
                path=(*self._path, "except"),
                zone=zone,
                folder=self._origin.folder,
                calendars=self._origin.calendars,
                findings=self._findings,
            )
            shared["excepts"] = self._origin.calendars.shared(excepting.read(written["except"]))
        return shared

    def _check_spread(self, written: dict[str, Any]) -> None:
        """All due instants of a spread are on their way at once, and each is looked at to find the next."""
        spread = duration(written.get("spread", 0))
        interval = duration(written.get("every", 0))
        if spread > _LONGEST_SPREAD:
            self._note("spread", "a spread is at most 1 day", None)
        elif interval and spread > _MOST_ON_THEIR_WAY * interval:
            times = f"at most {_MOST_ON_THEIR_WAY} times the interval"
            self._note("spread", f"a spread is {times}", "shorten it, or lengthen `every`")

    def _cron(self, expression: str, shared: dict[str, Any]) -> CronTrigger | None:
        try:
            cron.parse(expression, seed=self._origin.seed)
        except cron.CronError as error:
            self._note("cron", f"cron expression: {error.message}", error.hint)
            return None
        return CronTrigger(expression=expression, **{**shared, "seed": self._origin.seed})

    def _at(self, written: str, zone: ZoneInfo, shared: dict[str, Any]) -> AtTrigger | None:
        try:
            at = instant(written, zone)
        except (ValueError, OverflowError) as error:
            self._note("at", f'there is no instant "{written}": {error}', "write it as 2027-01-31T18:00:00Z")
            return None
        if at >= FAR:
            hint = "a job that is never to be due needs no schedule"
            self._note("at", f"nothing can be due in the year {FAR.year} or later", hint)
            return None
        return AtTrigger(at=at, **shared)

    def _after(self, written: str | dict[str, Any], shared: dict[str, Any]) -> AfterTrigger:
        path = (*self._path, "after")
        if isinstance(written, str):
            self._mention(written, path)
            return AfterTrigger(jobs=(written,), **shared)
        key = "all" if "all" in written else "any"
        for index, job in enumerate(written[key]):
            self._mention(job, (*path, key, index))
        ending = Ending(written.get("on", Ending.COMPLETED))
        return AfterTrigger(jobs=tuple(written[key]), all=key == "all", on=ending, **shared)

    def _mention(self, job: str, path: tuple[str | int, ...]) -> None:
        self._findings.upstreams.append(Mention(job=job, place=self._part.problem(path, "")))

    def _note(self, key: str, message: str, hint: str | None) -> None:
        self._findings.problems.append(self._part.problem([*self._path, key], message, hint))
