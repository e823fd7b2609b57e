"""Timers of systemd with their services, from unit files or the output of `systemctl cat`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from rota.core.cron import parse as parse_cron
from rota.importing.calendar_event import trigger_of
from rota.importing.cronfields import NotConverted
from rota.importing.found import Entry, Found, Unconverted
from rota.importing.lengths import length_text, seconds_of
from rota.importing.service import Service
from rota.importing.service_keys import TIMER_LOST
from rota.importing.unit_file import Setting, Unit
from rota.importing.unit_file import read as read_units

_TIMER = "Timer"
_DAY = timedelta(days=1)
_MONOTONIC = {"OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec"}
_ORDERING = {"After", "Before", "Wants", "Requires", "Requisite", "BindsTo", "PartOf", "Conflicts"}
_SILENT = {
    "Unit",
    "Persistent",
    "RandomizedDelaySec",
    "FixedRandomDelay",
    "RandomizedOffsetSec",
    "OnCalendar",
}
_SILENT |= {"AccuracySec", "RemainAfterElapse"} | _MONOTONIC


def read(texts: Sequence[tuple[str, str]], *, timezone: str | None = None) -> list[Found]:
    """What is found in each text (file name, content); a timer and its service may stand in two of them."""
    units = read_units(texts)
    entries: list[list[Entry]] = [[] for _ in texts]
    lost: list[list[Unconverted]] = [[] for _ in texts]
    for name, unit in units.items():
        if name.endswith(".timer") or unit.all(_TIMER, *_SILENT):
            reader = _Reader(unit, units, timezone)
            try:
                entries[unit.source].append(reader.entry())
            except NotConverted as error:
                lost[unit.source].append(Unconverted(line=unit.line, text=name, reason=str(error)))
            for setting, reason in reader.lost:
                text = f"{setting.key}={setting.value}"
                lost[setting.source].append(Unconverted(line=setting.line, text=text, reason=reason))
    for index, (file, _) in enumerate(texts):
        if not any(unit.source == index for unit in units.values()):
            lost[index].append(Unconverted(line=1, text="", reason=f"{file}: no unit in it"))
    if not any(entries) and not any(lost):
        lost[0].append(Unconverted(line=1, text="", reason="no timer in it, only other units"))
    return [
        Found(entries=tuple(found), unconverted=tuple(sorted(each, key=lambda one: one.line)))
        for found, each in zip(entries, lost, strict=True)
    ]


class _Reader:
    """One timer and what it starts."""

    def __init__(self, timer: Unit, units: Mapping[str, Unit], timezone: str | None) -> None:
        self._timer, self._units, self._timezone = timer, units, timezone
        self.notes: list[str] = []
        self.lost: list[tuple[Setting, str]] = []

    def entry(self) -> Entry:
        stem = self._timer.name.removesuffix(".timer")
        service = Service(self._service(self._timer.last(_TIMER, "Unit") or f"{stem}.service"))
        schedule = self._schedule()
        work = service.keys()
        keys = {
            **self._words(service.unit),
            "schedule": schedule[0] if len(schedule) == 1 else schedule,
            **self._missed(schedule),
            **self._unit_condition(service.unit),
            **work,
        }
        self.notes += service.notes
        self.lost += service.lost
        text = "\n".join([self._timer.name, *(f"{each.key}={each.value}" for each in self._written())])
        return Entry(
            line=self._timer.line, text=text, name=stem.rstrip("@"), keys=keys, notes=tuple(self.notes)
        )

    def _service(self, name: str) -> Unit:
        unit = self._units.get(name)
        if unit is None and "@" in name:
            unit = self._units.get(name.partition("@")[0] + "@.service")
        if unit is None:
            raise NotConverted(f"{name} is missing: give `systemctl cat {self._timer.name} {name}`")
        return unit

    def _written(self) -> list[Setting]:
        """What the comment in the job file quotes: when it was due, and what it did."""
        return self._timer.all(_TIMER, "OnCalendar", *_MONOTONIC)

    def _words(self, service: Unit) -> Mapping[str, Any]:
        title = service.last("Unit", "Description") or self._timer.last("Unit", "Description")
        pages = [word for each in service.all("Unit", "Documentation") for word in each.value.split()]
        links = [{"label": "Documentation", "href": page} for page in pages if page.startswith("http")]
        return {**({"title": title[:120]} if title else {}), **({"links": links[:16]} if links else {})}

    def _schedule(self) -> list[dict[str, Any]]:
        delay = self._spread()
        triggers = []
        for each in self._written():
            try:
                trigger = dict(self._trigger(each))
            except NotConverted as error:
                self.lost.append((each, str(error)))
                continue
            triggers.append({**trigger, **delay} if "boot" not in trigger else trigger)
        for each in self._timer.settings:
            if each.section == _TIMER and each.key not in _SILENT:
                self.lost.append(
                    (each, TIMER_LOST.get(each.key, "a setting of timers that rota does not have"))
                )
        if not triggers:
            raise NotConverted("none of its times can be converted, so it is not due by itself")
        return triggers

    def _trigger(self, setting: Setting) -> Mapping[str, Any]:
        if setting.key == "OnCalendar":
            return trigger_of(setting.value, self._timezone)
        seconds = seconds_of(setting.value)
        if seconds is None:
            raise NotConverted(f"{setting.value!r} is not understood as a length of time")
        if setting.key in ("OnBootSec", "OnStartupSec"):
            return {"boot": length_text(seconds)}
        if setting.key == "OnUnitInactiveSec":
            return {"every": length_text(seconds), "from": "end"}
        self.notes.append(
            "OnUnitActiveSec counted from the last start; every counts from a fixed point in time"
        )
        return {"every": length_text(seconds)}

    def _spread(self) -> dict[str, str]:
        wanted = self._timer.last(_TIMER, "RandomizedDelaySec") or self._timer.last(
            _TIMER, "RandomizedOffsetSec"
        )
        seconds = seconds_of(wanted)
        if not seconds:
            return {}
        if self._timer.last(_TIMER, "FixedRandomDelay").lower() not in ("true", "yes", "1", "on"):
            self.notes.append(
                "systemd drew the delay anew each time; spread takes it from a hash, to be foreseen"
            )
        return {"spread": length_text(seconds)}

    def _missed(self, schedule: list[dict[str, Any]]) -> Mapping[str, Any]:
        """Persistent= catches up once, however long ago it was."""
        if not any("cron" in trigger for trigger in schedule):
            return {}
        if self._timer.last(_TIMER, "Persistent").lower() not in ("true", "yes", "1", "on"):
            return {"missed": "skip"}
        longest = max(_longest_gap(trigger) for trigger in schedule if "cron" in trigger)
        if longest <= _DAY:
            return {"missed": "latest"}
        return {"missed": {"run": "latest", "within": f"{longest // _DAY + 1}d"}}

    def _unit_condition(self, service: Unit) -> Mapping[str, Any]:
        """Settings of [Unit] that are asked before a start."""
        found: dict[str, Any] = {}
        for each in service.settings:
            if each.section != "Unit":
                continue
            if each.key == "ConditionPathExists" and each.value.startswith("/") and not found:
                found = {"condition": {"exists": each.value}}
            elif each.key.startswith(("Condition", "Assert")):
                self.lost.append((each, "write a `condition:`; a run that does not meet it is skipped"))
            elif each.key == "OnFailure":
                self.lost.append(
                    (each, "rota sends no reports yet; a job with `after: {any: […], on: failed}` can")
                )
        ordering = dict.fromkeys(each.key for each in service.settings if each.key in _ORDERING)
        if ordering:
            self.notes.append(f"{', '.join(ordering)}: rota does not wait for units of systemd")
        return found


def _longest_gap(trigger: Mapping[str, Any]) -> timedelta:
    """Between two instants in a row, over more than a year."""
    cron = parse_cron(trigger["cron"], seed="job")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    instants = islice(cron.occurrences(start, ZoneInfo(trigger.get("timezone", "UTC"))), 400)
    found = [each.at for each in instants if each.at < start + 1200 * _DAY]
    # An hour more when the clocks are put back is no day.
    return max((later - before - timedelta(hours=1) for before, later in pairwise(found)), default=366 * _DAY)
