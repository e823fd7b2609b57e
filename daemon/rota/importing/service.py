"""What a service of systemd does when its timer starts it, as the keys of a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rota.importing.cronfields import NotConverted
from rota.importing.exec_line import CommandLine, assignments, parse, split, steps
from rota.importing.lengths import length_text, seconds_of
from rota.importing.service_keys import EXIT_CODES, LOST, QUIET, SANDBOX
from rota.importing.unit_file import Setting, Unit

_SERVICE = "Service"
_START_UNIT = "to keep it, let the job start the unit: `exec: [systemctl, start, {0}]`"


class Service:
    """Reads one unit. `lost` are settings without a place in a job file, each with its reason."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.notes: list[str] = []
        self.lost: list[tuple[Setting, str]] = []
        self._read: set[str] = set()

    def keys(self) -> Mapping[str, Any]:
        """Raises NotConverted when there is nothing that could run."""
        found = {
            **self._condition(),
            **self._work(),
            **self._environment(),
            **self._folder(),
            **self._retry(),
            **self._limits(),
            **self._exit_codes(),
        }
        self._rest()
        return found

    def _all(self, *keys: str) -> list[Setting]:
        self._read.update(keys)
        return self.unit.all(_SERVICE, *keys)

    def _last(self, key: str) -> str:
        self._read.add(key)
        return self.unit.last(_SERVICE, key)

    def _condition(self) -> Mapping[str, Any]:
        commands = [parse(each.value, self.unit.name) for each in self._all("ExecCondition")]
        if len(commands) > 1:
            raise NotConverted("several ExecCondition=; write one `condition:` that asks for all of them")
        if commands:
            work = commands[0].work()
            if "shell" in work:
                work = {"exec": [*work["shell"], work["run"]]}
            return {"condition": dict(work)}
        return {}

    def _work(self) -> Mapping[str, Any]:
        kind = self._last("Type") or "simple"
        if kind in ("forking", "dbus"):
            raise NotConverted(
                f"Type={kind}: a job ends with its first process; let the program stay in front"
            )
        commands = [
            (name, self._command(each))
            for name, key in (("before", "ExecStartPre"), ("main", "ExecStart"), ("after", "ExecStartPost"))
            for each in self._all(key)
        ]
        mains = [command for name, command in commands if name == "main"]
        if not mains:
            raise NotConverted(f"{self.unit.name} has no ExecStart=")
        if len(commands) == 1:
            return mains[0].work()
        return {"steps": steps([("work" if name == "main" else name, command) for name, command in commands])}

    def _command(self, setting: Setting) -> CommandLine:
        command = parse(setting.value, self.unit.name)
        self.notes += command.notes
        return command

    def _environment(self) -> Mapping[str, Any]:
        env: dict[str, str] = {}
        for each in self._all("Environment"):
            env.update(assignments(each.value, self.unit.name))
        files = [
            "?" + each.value[1:] if each.value.startswith("-") else each.value
            for each in self._all("EnvironmentFile")
        ]
        return {**({"env": env} if env else {}), **({"env_file": files} if files else {})}

    def _folder(self) -> Mapping[str, Any]:
        folder = self._last("WorkingDirectory") or "/"  # where systemd starts the services of the system
        if folder.startswith("-"):
            folder = folder[1:]
            self.notes.append(
                f"systemd did without the directory {folder} when it was missing; here it must be there"
            )
        return {} if folder == "~" else {"cwd": folder}

    def _retry(self) -> Mapping[str, Any]:
        restart = self._last("Restart") or "no"
        wait = seconds_of(self._last("RestartSec") or "100ms")
        burst = self._last("StartLimitBurst") or self.unit.last("Unit", "StartLimitBurst") or "5"
        self._read.update(("RestartSec", "StartLimitBurst"))
        if restart == "no":
            return {}
        if restart == "always":
            setting = self._all("Restart")[-1]
            self.lost.append(
                (setting, "a job runs when it is due; for a rhythm write `{every: 1m, from: end}`")
            )
            return {}
        attempts = int(burst) if burst.isdigit() and int(burst) else 5
        self.notes.append(
            f"Restart={restart}: tried again up to {attempts} times in all, as StartLimitBurst has it"
        )
        return {"retry": {"attempts": attempts, "delay": length_text(wait or 0)}}

    def _limits(self) -> Mapping[str, Any]:
        is_oneshot = self.unit.last(_SERVICE, "Type") == "oneshot"
        both = self._last("TimeoutSec")
        longest = self._last("RuntimeMaxSec")
        start = self._last("TimeoutStartSec") or both
        stop = self._last("TimeoutStopSec") or both
        timeout = seconds_of(start) if is_oneshot and not longest else seconds_of(longest)
        limits = {"timeout": timeout, "grace": seconds_of(stop)}
        kept = {key: length_text(value) for key, value in limits.items() if value}
        return {"limits": kept} if kept else {}

    def _exit_codes(self) -> Mapping[str, Any]:
        groups = {}
        for key, group in (
            ("SuccessExitStatus", "ok"),
            ("RestartPreventExitStatus", "fatal"),
            ("RestartForceExitStatus", "retry"),
        ):
            codes = sorted(set(self._codes(key)))
            if codes:
                groups[group] = sorted({0, *codes}) if group == "ok" else codes
        return {"exit_codes": groups} if groups else {}

    def _codes(self, key: str) -> Iterator[int]:
        for each in self._all(key):
            for word in split(each.value):
                if word.isdigit() and int(word) <= 255:
                    yield int(word)
                elif word in EXIT_CODES:
                    yield EXIT_CODES[word]
                else:
                    self.lost.append((each, f"{word}: only exit codes can be named, signals can't"))

    def _rest(self) -> None:
        for setting in self.unit.settings:
            if setting.section == _SERVICE and setting.key not in self._read | QUIET:
                self._without_place(setting)

    def _without_place(self, setting: Setting) -> None:
        key = setting.key
        if key in ("User", "Group", "DynamicUser", "SupplementaryGroups"):
            self.notes.append(f"{key}={setting.value}: here it runs as the user of the runner")
        elif key in LOST:
            self.lost.append((setting, LOST[key]))
        elif key in SANDBOX or key.startswith(("Private", "Protect", "Restrict", "SystemCall", "Capability")):
            self.lost.append((setting, "rota closes nothing off; " + _START_UNIT.format(self.unit.name)))
        else:
            self.lost.append((setting, "rota has no such setting; " + _START_UNIT.format(self.unit.name)))
