"""Unit files of systemd, as `systemctl cat` prints them: several in a row, each under its path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_HEADER = re.compile(r"# /\S*?([^/\s]+\.[a-z]+?)(?:\.d/[^/\s]+\.conf)?\s*")
_SECTION = re.compile(r"\[(.+)\]\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One assignment: which of the texts it stands in, and the line from 1."""

    section: str
    key: str
    value: str
    source: int
    line: int


@dataclass(slots=True, kw_only=True)
class Unit:
    """A unit with its drop-ins; an empty assignment has already emptied the list before it."""

    name: str
    source: int
    line: int
    settings: list[Setting] = field(default_factory=list)

    def all(self, section: str, *keys: str) -> list[Setting]:
        """The assignments to these keys, in their order."""
        return [each for each in self.settings if each.section == section and each.key in keys]

    def last(self, section: str, key: str) -> str:
        """The value that holds when a key is assigned more than once, "" without any."""
        found = self.all(section, key)
        return found[-1].value if found else ""

    def add(self, setting: Setting) -> None:
        if setting.value:
            self.settings.append(setting)
        else:
            self.settings = [
                each for each in self.settings if (each.section, each.key) != (setting.section, setting.key)
            ]


def read(texts: Sequence[tuple[str, str]]) -> dict[str, Unit]:
    """All units of these texts (file name, content) by their names."""
    units: dict[str, Unit] = {}
    for source, (file, text) in enumerate(texts):
        unit = _unit(units, file.rpartition("/")[2], source, 1)
        section = ""
        for line, content in _joined(text):
            if header := _HEADER.fullmatch(content):
                unit, section = _unit(units, header[1], source, line), ""
            elif found := _SECTION.fullmatch(content):
                section = found[1]
            elif "=" in content and content[:1] not in "#;":
                key, _, value = content.partition("=")
                unit.add(
                    Setting(section=section, key=key.strip(), value=value.strip(), source=source, line=line)
                )
    return {name: unit for name, unit in units.items() if unit.settings}


def _unit(units: dict[str, Unit], name: str, source: int, line: int) -> Unit:
    return units.setdefault(name, Unit(name=name, source=source, line=line))


def _joined(text: str) -> list[tuple[int, str]]:
    """Lines; one that ends in a backslash is joined to the next, without the comments between them."""
    joined: list[tuple[int, str]] = []
    pieces: list[str] = []
    begin = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if pieces and line[:1] in ("#", ";"):
            continue
        begin = begin or number
        if line.endswith("\\") and not line.startswith(("#", ";")):
            pieces.append(line[:-1].rstrip())
            continue
        joined.append((begin, " ".join([*pieces, line])))
        begin, pieces = 0, []
    return [*joined, (begin, " ".join(pieces))] if pieces else joined
