"""Job configurations as JSON documents: `{displayName, jobType, schedule, retry, limits, parameters}`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rota.importing.cronfields import NotConverted, checked
from rota.importing.found import Entry, Found, Unconverted
from rota.importing.ids import as_id
from rota.importing.lengths import length_text
from rota.importing.spots import NotReadable, Spot
from rota.importing.spots import read as read_spots

_TOP = {
    "displayName",
    "jobType",
    "schedule",
    "retry",
    "limits",
    "parameters",
    "description",
    "id",
    "name",
    "tags",
}
_BATCH = "what its items are is not said here; write `batch` by hand, see docs/batches.md"
_KINDS = {
    "batch": _BATCH,
    "advancement-batch": _BATCH,
}
_STORAGE = {"storage", "disk", "filesystem", "file-system"}


def read(text: str) -> Found:
    """Every job of a document: an object, a list, a list under `jobs`, or rows of `{meta, payload}`."""
    try:
        json.loads(text)
        document = read_spots(text.replace("\t", " "))
    except json.JSONDecodeError as error:
        return Found(unconverted=(Unconverted(line=error.lineno, text="", reason=f"not JSON: {error.msg}"),))
    except (RecursionError, ValueError):
        reason = "nested too deeply, or with a number that is too long"
        return Found(unconverted=(Unconverted(line=1, text="", reason=reason),))
    except NotReadable as error:
        return Found(unconverted=(Unconverted(line=error.line, text="", reason=str(error)),))
    entries: list[Entry] = []
    lost: list[Unconverted] = []
    for spot in _jobs(document):
        reader = _Job(spot)
        try:
            entries.append(reader.entry())
        except NotConverted as error:
            lost.append(Unconverted(line=spot.line, text=reader.name, reason=str(error)))
        lost += reader.lost
    return Found(entries=tuple(entries), unconverted=tuple(sorted(lost, key=lambda each: each.line)))


def _jobs(document: Spot) -> Iterator[Spot]:
    inner = document.members.get("jobs", document)
    for spot in inner.items if isinstance(inner.value, list) else [inner]:
        payload, meta = spot.members.get("payload"), spot.members.get("meta")
        if payload is None:
            yield spot
        else:
            named = {"id": meta.members["id"]} if meta is not None and "id" in meta.members else {}
            yield Spot(line=spot.line, value={**named, **payload.members})


class _Job:
    def __init__(self, spot: Spot) -> None:
        self._spot = spot
        self.notes: list[str] = []
        self.lost: list[Unconverted] = []

    @property
    def name(self) -> str:
        return self._text("id") or self._text("name") or self._text("displayName") or self._text("jobType")

    def entry(self) -> Entry:
        if not self._spot.members or not self.name:
            raise NotConverted("expected an object with id, name or displayName")
        for key, each in self._spot.members.items():
            if key not in _TOP:
                self._lose(key, each, "a key that this importer does not know")
        keys = {**self._words(), **self._schedule(), **self._work(), **self._retry(), **self._limits()}
        text = f"{self.name} ({self._text('jobType') or 'no jobType'})"
        return Entry(line=self._spot.line, text=text, name=self.name, keys=keys, notes=tuple(self.notes))

    def _words(self) -> Mapping[str, Any]:
        tags = [as_id(each.text) for each in self._block("tags").items]
        words = {
            "title": self._text("displayName")[:120],
            "description": self._text("description"),
            "tags": tags,
        }
        return {key: value for key, value in words.items() if value}

    def _schedule(self) -> Mapping[str, Any]:
        members = self._block("schedule").members
        self._lose_others("schedule", members, {"cronExpression", "timezone", "isEnabled"})
        enabled = members.get("isEnabled")
        off = {"enabled": False} if enabled is not None and not enabled.truth else {}
        if "cronExpression" not in members:
            return off
        zone = members["timezone"].text if "timezone" in members else ""
        cron = {"cron": checked(members["cronExpression"].text), **({"timezone": zone} if zone else {})}
        return {**off, "schedule": cron}

    def _work(self) -> Mapping[str, Any]:
        kind, parameters = self._text("jobType"), self._block("parameters").members
        if kind in _KINDS:
            raise NotConverted(_KINDS[kind])
        if kind == "health-check":
            return self._checks(parameters)
        for key in ("command", "script", "run"):
            if key in parameters:
                self._lose_others("parameters", parameters, {key, "jobType"})
                return self._command(parameters[key])
        if "url" in parameters:
            return self._request(parameters)
        raise NotConverted(
            f"what a job of the type {kind!r} does stands in code: write it as `run:`, `http:` or `check:`"
        )

    def _command(self, spot: Spot) -> Mapping[str, Any]:
        if isinstance(spot.value, list):
            return {"exec": [each.text for each in spot.value]}
        return {"run": spot.text}

    def _request(self, parameters: Mapping[str, Spot]) -> Mapping[str, Any]:
        self._lose_others("parameters", parameters, {"url", "method", "jobType"})
        method = parameters["method"].text.upper() if "method" in parameters else ""
        return {"http": {**({"method": method} if method else {}), "url": parameters["url"].text}}

    def _checks(self, parameters: Mapping[str, Spot]) -> Mapping[str, Any]:
        self._lose_others("parameters", parameters, {"checks", "jobType", "alertThreshold"})
        found = []
        for spot in parameters["checks"].items if "checks" in parameters else []:
            name = spot.text
            if name in _STORAGE:
                found.append({"name": name, "disk": {"path": "/", "free": "10%"}})
                self.notes.append(
                    f"{name}: taken as free space on /, at least 10 %; change it to what it meant"
                )
            else:
                self._lose(
                    "checks", spot, f"say what {name} means: tcp, http, file_age or command under `check:`"
                )
        if "alertThreshold" in parameters:
            self.notes.append("alertThreshold: here `threshold` counts how many checks must fail")
        if not found:
            raise NotConverted("none of its checks says what to look at; write them under `check:`")
        return {"check": {"checks": found}}

    def _retry(self) -> Mapping[str, Any]:
        members = self._block("retry").members or self._block("retryPolicy").members
        keys = {"maxAttempts", "backoffStrategy", "initialDelaySeconds", "maxDelaySeconds"}
        self._lose_others("retry", members, keys)
        retry: dict[str, Any] = {}
        if number := self._number(members, "maxAttempts"):
            retry["attempts"] = int(number)
        if "backoffStrategy" in members:
            retry["backoff"] = members["backoffStrategy"].text
        for theirs, ours in (("initialDelaySeconds", "delay"), ("maxDelaySeconds", "max_delay")):
            if (seconds := self._number(members, theirs)) is not None:
                retry[ours] = length_text(seconds)
        return {"retry": retry} if retry else {}

    def _limits(self) -> Mapping[str, Any]:
        members = self._block("limits").members
        self._lose_others("limits", members, {"timeoutSeconds", "maxConcurrent", "batchSize"})
        keys: dict[str, Any] = {}
        if seconds := self._number(members, "timeoutSeconds"):
            keys["limits"] = {"timeout": length_text(seconds)}
        if number := self._number(members, "maxConcurrent"):
            keys["concurrency"] = {"max": int(number)}
        if "batchSize" in members:
            self._lose("limits.batchSize", members["batchSize"], _BATCH)
        return keys

    def _text(self, key: str) -> str:
        spot = self._spot.members.get(key)
        return spot.text if spot is not None else ""

    def _block(self, key: str) -> Spot:
        return self._spot.members.get(key, Spot(line=self._spot.line, value={}))

    def _number(self, members: Mapping[str, Spot], key: str) -> float | None:
        return members[key].number if key in members else None

    def _lose_others(self, block: str, members: Mapping[str, Spot], known: set[str]) -> None:
        for key, spot in members.items():
            if key not in known:
                self._lose(f"{block}.{key}", spot, "a key that this importer does not know")

    def _lose(self, key: str, spot: Spot, reason: str) -> None:
        self.lost.append(Unconverted(line=spot.line, text=f"{key}: {spot.plain}"[:200], reason=reason))
