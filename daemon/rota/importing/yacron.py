"""Files of yacron, and of cronstable, which has the same keys and more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rota.importing.cronfields import NotConverted
from rota.importing.found import Entry, Found, Unconverted
from rota.importing.ids import as_id
from rota.importing.lengths import length_text
from rota.importing.shelltext import escaped, is_plain
from rota.importing.spots import NotReadable, Spot
from rota.importing.spots import read as read_yaml
from rota.importing.yacron_keys import KEPT, LOST, ON_TOP
from rota.importing.yacron_times import schedule_of

_SHELL = "/bin/sh"
_MISSED = {"skip": "skip", "run-once": "latest", "run-all": "all"}
_FOREVER = 1000  # attempts: as many as a job may have
_GRACE = 30.0  # seconds: the default of yacron


def read(text: str, *, timezone: str | None = None) -> Found:
    """Every job of a file. `timezone` is that of the host, for jobs with `utc: false`."""
    try:
        document = read_yaml(text)
    except NotReadable as error:
        return Found(unconverted=(Unconverted(line=error.line, text="", reason=str(error)),))
    entries: list[Entry] = []
    lost = [_lost(key, spot, ON_TOP[key]) for key, spot in document.members.items() if key in ON_TOP]
    known = {"jobs", "defaults", *ON_TOP}
    lost += [_lost(key, spot, _UNKNOWN) for key, spot in document.members.items() if key not in known]
    defaults = document.members.get("defaults", Spot(line=1, value={}))
    if document.value is not None and not document.members:
        lost.append(Unconverted(line=1, text="", reason="not a yacron file: expected a map with `jobs`"))
    for job in document.members.get("jobs", Spot(line=1, value=[])).items:
        _read_job(job, defaults, timezone, entries, lost)
    return Found(entries=tuple(entries), unconverted=tuple(sorted(lost, key=lambda each: each.line)))


_UNKNOWN = "a key that this importer does not know"


def _read_job(
    job: Spot, defaults: Spot, timezone: str | None, entries: list[Entry], lost: list[Unconverted]
) -> None:
    name = job.members["name"].text if "name" in job.members else ""
    whole = _merged(defaults.members, job.members)
    reader = _Job(whole, timezone)
    try:
        entries.append(reader.entry(job.line, name))
    except NotConverted as error:
        lost.append(Unconverted(line=job.line, text=f"name: {name}", reason=str(error)))
    else:
        lost += reader.lost


def _merged(below: Mapping[str, Spot], above: Mapping[str, Spot]) -> dict[str, Spot]:
    """As yacron lays a job over the defaults: maps are merged, lists joined."""
    merged = dict(below)
    for key, spot in above.items():
        under = below.get(key)
        if under is not None and isinstance(under.value, dict) and isinstance(spot.value, dict):
            spot = Spot(line=spot.line, value=_merged(under.value, spot.value))
        elif under is not None and isinstance(under.value, list) and isinstance(spot.value, list):
            spot = Spot(line=spot.line, value=[*under.value, *spot.value])
        merged[key] = spot
    return merged


def _lost(key: str, spot: Spot, reason: str) -> Unconverted:
    value = str(spot.plain)
    return Unconverted(
        line=spot.line, text=f"{key}: {value}" if len(value) < 60 else f"{key}: …", reason=reason
    )


class _Job:
    """One job: what is read is taken out of `left`, what stays there has no place here."""

    def __init__(self, members: Mapping[str, Spot], timezone: str | None) -> None:
        self.left = dict(members)
        self.lost: list[Unconverted] = []
        self.notes: list[str] = []
        self._timezone = timezone

    def entry(self, line: int, name: str) -> Entry:
        if not name:
            raise NotConverted("a job without a name")
        self.left.pop("name", None)
        title = {} if as_id(name) == name else {"title": name[:120]}
        enabled = self._take("enabled")
        keys = {
            **title,
            **({"enabled": False} if enabled is not None and not enabled.truth else {}),
            "schedule": self._schedule(),
            **self._missed(),
            **self._work(),
            **self._surroundings(),
            **self._retry(),
            **self._limits(),
            **self._concurrency(),
        }
        self._fails_when()
        self._rest()
        return Entry(line=line, text=f"name: {name}", name=name, keys=keys, notes=tuple(self.notes))

    def _take(self, key: str) -> Spot | None:
        spot = self.left.pop(key, None)
        return None if spot is None or spot.value is None else spot

    def _text(self, key: str) -> str:
        spot = self._take(key)
        return spot.text if spot is not None else ""

    def _schedule(self) -> Mapping[str, Any]:
        spot, utc, named = self._take("schedule"), self._take("utc"), self._text("timezone")
        if spot is None:
            raise NotConverted("a job without a schedule")
        times = schedule_of(spot)
        self.notes += times.notes
        local = self._timezone or "UTC"
        zone = named or ("UTC" if utc is None or utc.truth else local)
        return {**times.trigger, **({"timezone": zone} if "cron" in times.trigger else {})}

    def _missed(self) -> Mapping[str, Any]:
        policy, deadline = self._text("onMissed"), self._take("startingDeadlineSeconds")
        run = _MISSED.get(policy)
        if run is None:
            return {}
        if run == "skip" or deadline is None or not deadline.number:
            return {"missed": run}
        return {"missed": {"run": run, "within": length_text(deadline.number)}}

    def _work(self) -> Mapping[str, Any]:
        command, shell = self._take("command"), self._text("shell") or _SHELL
        if command is None or not command.items:
            raise NotConverted("a job without a command")
        if isinstance(command.value, list):
            return {"exec": [escaped(each.text) for each in command.value]}
        if is_plain(command.text) and shell in (_SHELL, "/bin/bash"):
            return {"run": command.text}
        return {"shell": [shell, "-c"], "run": command.text}

    def _surroundings(self) -> Mapping[str, Any]:
        environment, file = self._take("environment"), self._text("env_file")
        folder = self._text("workingDirectory")
        env = {
            each.members["key"].text: escaped(each.members["value"].text)
            for each in (environment.items if environment else [])
            if "key" in each.members and "value" in each.members
        }
        if any("${" in value for value in env.values()):
            self.notes.append("${…} in env is not replaced here; write the value, or put it into env_file")
        keys = {"env": env, "env_file": file, "cwd": folder}
        return {key: value for key, value in keys.items() if value}

    def _retry(self) -> Mapping[str, Any]:
        spot = self._take("onFailure")
        if spot is None:
            return {}
        if "report" in spot.members:
            self.lost.append(_lost("onFailure.report", spot.members["report"], LOST["onSuccess"]))
        retry = spot.members["retry"].members if "retry" in spot.members else {}
        numbers = {key: each.number for key, each in retry.items()}
        most = int(numbers.get("maximumRetries") or 0)
        if not most:
            return {}
        factor = numbers.get("backoffMultiplier", 2)
        if factor not in (1, 2):
            self.notes.append(f"delays grew by {factor:g} each time; here they double")
        return {
            "retry": {
                "attempts": min(most + 1, _FOREVER) if most > 0 else _FOREVER,
                "backoff": "fixed" if factor == 1 else "exponential",
                "delay": length_text(numbers.get("initialDelay") or 1),
                "max_delay": length_text(numbers.get("maximumDelay") or 300),
            }
        }

    def _limits(self) -> Mapping[str, Any]:
        timeout, grace = self._take("executionTimeout"), self._take("killTimeout")
        limits = {}
        if timeout is not None and timeout.number:
            limits["timeout"] = length_text(timeout.number)
        if grace is not None and grace.number is not None:
            limits["grace"] = length_text(grace.number)
        elif limits:
            limits["grace"] = length_text(_GRACE)
        return {"limits": limits} if limits else {}

    def _concurrency(self) -> Mapping[str, Any]:
        policy = self._take("concurrencyPolicy")
        keys: dict[str, Any] = {}
        if policy is None:
            self.notes.append("runs could overlap; here a due instant is skipped while the job runs")
        elif policy.text == "Allow":
            keys["max"] = 100
        elif policy.text == "Replace":
            reason = "a run never replaces another here; the new one is skipped instead"
            self.lost.append(_lost("concurrencyPolicy", policy, reason))
        for theirs, ours in (("pool", "pool"), ("poolSlots", "weight"), ("queuePriority", "priority")):
            if spot := self._take(theirs):
                keys[ours] = spot.text if ours == "pool" else int(spot.number or 0)
        return {"concurrency": keys} if keys else {}

    def _fails_when(self) -> None:
        spot = self._take("failsWhen")
        captured = self.left.get("captureStderr")
        members = spot.members if spot is not None else {}
        for key in ("producesStdout", "producesStderr", "always"):
            if key in members and members[key].truth:
                reason = "only the exit code says here whether a run failed; let the command check its output"
                self.lost.append(_lost(f"failsWhen.{key}", members[key], reason))
        if "nonzeroReturn" in members and not members["nonzeroReturn"].truth:
            reason = "name the exit codes that are good in `exit_codes: {ok: […]}`"
            self.lost.append(_lost("failsWhen.nonzeroReturn", members["nonzeroReturn"], reason))
        if "producesStderr" not in members and (captured is None or captured.truth):
            self.notes.append("anything on stderr counted as a failure; here only the exit code does")

    def _rest(self) -> None:
        """What is neither converted nor a loss is noted; what is a loss is listed."""
        for key, spot in self.left.items():
            if key in KEPT:
                self.notes.append(KEPT[key].format(spot.plain))
            elif spot.value is not None:
                self.lost.append(_lost(key, spot, LOST.get(key, _UNKNOWN)))
