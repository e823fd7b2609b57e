"""Crontabs, of users and of the system, as cron itself reads them (Vixie, cronie, Debian, the BSDs)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rota.importing.cronfields import NotConverted, Times, times_of
from rota.importing.found import Entry, Found, Unconverted
from rota.importing.ids import name_of
from rota.importing.shelltext import escaped, is_plain, with_stdin

_SETTING = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z_][A-Za-z0-9_]*))\s*=\s*(.*?)\s*""")
_TIMES = re.compile(r"\s*(-?@\S+|-?[\d*~][^\s=]*(?:\s+\S+){4})\s+(.*\S)\s*")
_TIME_FIELD = re.compile(r"(?:\*|\d)[\d*/,~-]*")
_ANACRON = re.compile(r"\s*(?:\d+|@\w+)\s+\d+\s+[\w.-]*[A-Za-z][\w.-]+\s+\S")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\$?(?::[\w.-]+)?(?:/[\w.-]+)?")
_ACCOUNTS = {  # names that systems bring, and that no command has
    "root", "daemon", "nobody", "www-data", "postgres", "uucp", "smmsp", "munin", "logcheck",
}  # fmt: skip
_HEADER = re.compile(r"#\s*m(?:in)?\s+h(?:our)?\s+(?:dom|mday)\b.*", re.IGNORECASE)
_ORNAMENT = re.compile(r"[-=#*~_+.|\s]*")
_RULER = re.compile(
    r"[*.|]\s.*\(|[|.\s]*\.-+"
)  # the picture of the five fields that many crontabs begin with
_TITLE = 100  # characters
_LONGEST = 10_000  # characters of a line; no cron runs a longer one
_SHELL = "/bin/sh"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS = re.compile(r"(ROTA|PARAM|STEPS|MATRIX)_")


def read(text: str, *, has_user: bool | None = None, timezone: str | None = None) -> Found:
    """Every entry of a crontab.

    `has_user` says whether lines name a user after the times, as in /etc/crontab; None looks for itself.
    `timezone` is written into every schedule that `CRON_TZ` gives none.
    """
    lines = [line.rstrip() for line in text.splitlines()]
    short = [line for line in lines if len(line) <= _LONGEST]
    reader = _Reader(has_user=_looks_like_system(short) if has_user is None else has_user, timezone=timezone)
    for number, line in enumerate(lines, 1):
        if len(line) <= _LONGEST:
            reader.line(number, line)
        else:
            reason = f"the line has more than {_LONGEST} characters"
            reader.unconverted.append(Unconverted(line=number, text=f"{line[:_TITLE]}…", reason=reason))
    return Found(entries=tuple(reader.entries), unconverted=tuple(reader.unconverted))


def _looks_like_system(lines: list[str]) -> bool:
    """Whether every entry has a user name behind its times, and one of them a name that systems bring."""
    words = [found[2].split(None, 1) for line in lines if (found := _entry_of(line))]
    users = [each[0] for each in words if len(each) == 2 and _USER.fullmatch(each[0])]
    headed = any(_HEADER.fullmatch(line.strip()) and "user" in line.split() for line in lines)
    return bool(words) and len(users) == len(words) and (headed or any(user in _ACCOUNTS for user in users))


def _entry_of(line: str) -> re.Match[str] | None:
    return None if line.lstrip().startswith("#") else _TIMES.fullmatch(line)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Settings hold for the lines below them; a comment belongs to the entry right under it."""

    has_user: bool
    timezone: str | None
    entries: list[Entry] = field(default_factory=list)
    unconverted: list[Unconverted] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)

    def line(self, number: int, line: str) -> None:
        stripped = line.strip()
        if not stripped:
            self.comments = []
        elif stripped.startswith("#"):
            self._comment(stripped)
        elif (setting := _SETTING.fullmatch(line)) and not _TIMES.fullmatch(line):
            self._setting(number, stripped, setting)
        else:
            self._entry(number, line)
            self.comments = []

    def _comment(self, line: str) -> None:
        text = line.lstrip("#").strip()
        is_off = _TIMES.fullmatch(text) is not None or _SETTING.fullmatch(text) is not None
        if is_off or _HEADER.fullmatch(line) or _RULER.match(text):
            self.comments = []  # what stood above it was about that
        elif not _ORNAMENT.fullmatch(text):
            self.comments.append(text)

    def _setting(self, number: int, line: str, found: re.Match[str]) -> None:
        name = found[1] or found[2] or found[3]
        value = found[4]
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        reason = _why_no_variable(name)
        if reason:
            self.unconverted.append(Unconverted(line=number, text=line, reason=reason))
            return
        self.settings[name] = value

    def _entry(self, number: int, line: str) -> None:
        try:
            self.entries.append(self._converted(number, line))
        except NotConverted as error:
            self.unconverted.append(Unconverted(line=number, text=line.strip(), reason=str(error)))

    def _converted(self, number: int, line: str) -> Entry:
        found = _TIMES.fullmatch(line)
        if found is None or _ANACRON.match(line):
            raise NotConverted(_why_not(line))
        times, command = times_of(found[1].lstrip("-")), found[2]
        notes = list(times.notes)
        if found[1].startswith("-"):
            notes.append("the `-` before the times only kept cron's own log quiet")
        if self.has_user:
            command = self._without_user(command, notes)
        elif _TIME_FIELD.fullmatch(command.split()[0]):
            raise NotConverted(_why_not(line))
        shell_text = _shell_text(command, notes)
        keys = {**self._words(), **self._schedule(times), **self._work(shell_text, notes)}
        notes += self._setting_notes(shell_text)
        return Entry(line=number, text=line.strip(), name=name_of(command), keys=keys, notes=tuple(notes))

    def _without_user(self, command: str, notes: list[str]) -> str:
        user, *rest = command.split(None, 1)
        if not rest or not _USER.fullmatch(user):
            raise NotConverted("expected the name of a user between the times and the command")
        notes.append(f"it ran as the user {user}; here it runs as the user of the runner")
        return rest[0].strip()

    def _words(self) -> Mapping[str, Any]:
        if not self.comments:
            return {}
        whole = " ".join(self.comments)
        if len(whole) <= _TITLE:
            return {"title": whole.rstrip(".:")}
        first = self.comments[0].rstrip(".:")
        return {
            "title": first if len(first) <= _TITLE else first[: _TITLE - 1] + "…",
            "description": whole[:4000],
        }

    def _schedule(self, times: Times) -> Mapping[str, Any]:
        zone = self.settings.get("CRON_TZ") or self.timezone
        named = {"timezone": zone} if zone and "boot" not in times.trigger else {}
        return {"schedule": {**times.trigger, **named}}

    def _work(self, text: str, notes: list[str]) -> Mapping[str, Any]:
        """The command, as cron's shell would read it, in cron's environment."""
        shell = self.settings.get("SHELL", _SHELL)
        named = {} if is_plain(text) and shell in (_SHELL, "/bin/bash") else {"shell": [shell, "-c"]}
        env = {
            name: escaped(value)
            for name, value in self.settings.items()
            if name not in ("SHELL", "HOME", "MAILTO", "MAILFROM", "CRON_TZ", "CONTENT_TYPE")
        }
        home = self.settings.get("HOME")
        if home:
            env["HOME"] = home
        where = {"cwd": home} if home else {}
        return {**named, "run": text, **({"env": env} if env else {}), **where}

    def _setting_notes(self, text: str) -> Iterator[str]:
        mail = self.settings.get("MAILTO")
        if mail:
            yield f"cron mailed the output to {mail}; rota keeps it with each run and mails nobody"
        if re.search(r"\bflock\b(?:\s+\S+)*?\s+(?:-n|--nonblock)\b", text):
            yield "flock is no longer needed: a due instant while the job runs is skipped anyway"


def _why_no_variable(name: str) -> str:
    if _OURS.match(name):
        return f"{name} is a name that rota gives to jobs itself: choose another"
    return "" if _VARIABLE.fullmatch(name) else f"{name!r} can't be the name of a variable"


def _shell_text(command: str, notes: list[str]) -> str:
    """Up to the first `%` it is the command, from there on its standard input."""
    parts = re.split(r"(?<!\\)%", command)
    text, *rest = [part.replace(r"\%", "%") for part in parts]
    if not text.strip():
        raise NotConverted("there is no command before the first %; \\% would stand for the character")
    if not rest:
        return text
    notes.append("cron gives what follows an unescaped % to the command as input; here it is a here-document")
    return with_stdin(text.strip(), rest)


def _why_not(line: str) -> str:
    words = line.split()
    fields = 0
    while fields < len(words) and _TIME_FIELD.fullmatch(words[fields]):
        fields += 1
    if _ANACRON.match(line) and fields < 5:
        return "this is a line of anacrontab; write `schedule: {every: 1d}`, rota catches up by itself"
    if fields > 5:
        return f"{fields} time fields, cron has five; for seconds write `schedule: {{every: 10s}}`"
    if words[0].startswith("@"):
        return "expected a command after the times"
    return "expected five time fields and a command"
