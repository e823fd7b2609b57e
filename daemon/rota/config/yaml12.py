"""YAML 1.2 as job files use it: straight from libyaml's events to data, with the place of each key and value.

Refused, with a problem that says where: duplicate keys, tags, keys that are not text, several documents, text
that is not UTF-8, a byte order mark, aliases that grow without measure, deep nesting, large files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from sys import intern
from typing import Any

from yaml import MarkedYAMLError, YAMLError
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)
from yaml.reader import ReaderError

from rota.config.places import Data, Mark, Places
from rota.config.scalars import OddScalar, resolve
from rota.config.syntax_words import describe, short
from rota.core.problems import Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_ALIASED = 100_000  # values that aliases add
MAX_PROBLEMS = 100  # per file

_YAML_TAGS = "tag:yaml.org,2002:"
_TEXT_TAG = _YAML_TAGS + "str"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a file says. `data` is None when the file is empty or not `readable`."""

    data: Data
    places: Places
    problems: tuple[Problem, ...] = ()
    readable: bool = True


def read(content: bytes, file: str) -> Document:
    """The one document in `content`; `file` is its name in places and problems. Never raises."""
    builder = _Builder(file)
    try:
        text = _text(content)
        data = builder.document(content, text)
    except _Refused as refused:
        builder.note(refused.message, (refused.line, refused.column), refused.hint, rule=refused.rule)
        return Document(
            data=None, places=Places((file, 0, 0, 0, 0)), problems=tuple(builder.problems), readable=False
        )
    return Document(data=data, places=builder.places, problems=tuple(builder.problems))


class _Refused(Exception):
    """Reading can't go on. `line` and `column` count from 0."""

    def __init__(
        self,
        message: str,
        at: tuple[int, int] = (0, 0),
        hint: str | None = None,
        *,
        rule: str = "yaml-syntax",
    ) -> None:
        super().__init__(message)
        self.message, self.hint, self.rule = message, hint, rule
        self.line, self.column = at


def _text(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        hint = "split it: one file can hold one job, and data belongs elsewhere"
        raise _Refused("the file has more than 1 MiB: such files are not read", hint=hint, rule="too-large")
    for mark, name in _MARKS.items():
        if content.startswith(mark):
            raise _Refused(f"the file begins with a byte order mark of {name}", hint=_SAVE, rule="encoding")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        raise _Refused(
            f"byte 0x{content[error.start]:02x} is not UTF-8", _position(before), _SAVE, rule="encoding"
        ) from None


_SAVE = "save it as UTF-8 without BOM"
_MARKS = {
    b"\xef\xbb\xbf": "UTF-8",
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def _position(before: str) -> tuple[int, int]:
    return before.count("\n"), len(before) - (before.rfind("\n") + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Anchored:
    value: Data
    size: int  # values in it, itself included
    height: int


class _Builder:
    # Events are Any here: the stubs take every mark, anchor and tag of theirs for optional.

    def __init__(self, file: str) -> None:
        self.file = file
        self.places = Places((file, 0, 0, 0, 0))
        self.problems: list[Problem] = []
        self._lines: list[str] = []
        self._anchors: dict[str, _Anchored | None] = {}  # None: still open
        self._size = 0
        self._aliased = 0
        self._peak = 0

    def document(self, content: bytes, text: str) -> Data:
        parser = CParser(content)
        self._lines = text.splitlines()
        self._next: Callable[[], Any] = parser.get_event
        try:
            return self._document()
        except ReaderError as error:
            raise _unprintable(int(error.character), _position(text[: error.position])) from None
        except MarkedYAMLError as error:
            message, hint, line, column = describe(error, text.splitlines())
            raise _Refused(message, (line, column), hint) from None
        except YAMLError as error:
            raise _Refused(f"not YAML: {error}") from None

    def note(self, message: str, at: tuple[int, int], hint: str | None = None, *, rule: str) -> None:
        """`at` is line and column, from 0."""
        if len(self.problems) < MAX_PROBLEMS:
            line, column = at[0] + 1, at[1] + 1
            self.problems.append(
                Problem(file=self.file, line=line, column=column, message=message, hint=hint, rule=rule)
            )

    def _document(self) -> Data:
        self._next()  # the stream begins
        if isinstance(self._next(), StreamEndEvent):
            return None
        first: Any = self._next()
        if first.start_mark.index != first.end_mark.index or type(first) is not ScalarEvent:
            line, column = _at(first)
            self.places.start = (self.file, line, column, line, column)
        data = self._node(first, 0)
        self._next()  # the document ends
        after: Any = self._next()
        if type(after) is DocumentStartEvent:
            raise _Refused("a second document", _at(after), "one file holds one document: use `jobs:`")
        return data

    def _node(self, event: Any, depth: int) -> Data:
        if type(event) is AliasEvent:
            return self._alias(event, depth)
        self._size += 1
        if event.anchor is not None:
            return self._anchored(event, depth)
        return self._scalar(event) if type(event) is ScalarEvent else self._value(event, depth)

    def _value(self, event: Any, depth: int) -> Data:
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if depth >= MAX_DEPTH:
            raise _Refused(f"nested deeper than {MAX_DEPTH} levels", _at(event), rule="too-deep")
        if depth > self._peak:
            self._peak = depth
        if not event.implicit:
            self._refuse_tag(event)
        if kind is MappingStartEvent:
            return self._mapping(depth + 1)
        return self._sequence(depth + 1)

    def _scalar(self, event: Any) -> Data:
        plain, quoted = event.implicit
        text = intern(event.value)  # the same words stand in thousands of files
        if quoted:
            return text
        if not plain:
            if event.tag != _TEXT_TAG and event.tag != "!":
                self._refuse_tag(event)
            return text
        try:
            return resolve(text)
        except OddScalar as odd:
            self.note(odd.message, _at(event), odd.hint, rule="yaml-value")
            return text

    def _sequence(self, depth: int) -> list[Data]:
        items: list[Data] = []
        marks: list[Mark] = []
        following, file = self._next, self.file
        event = following()
        while type(event) is not SequenceEndEvent:
            start = event.start_mark
            line, column = start.line, start.column
            marks.append((file, line, column, line, column))
            items.append(self._node(event, depth))
            event = following()
        self.places.add(items, marks)
        return items

    def _mapping(self, depth: int) -> dict[str, Data]:
        entries: dict[str, Data] = {}
        marks: dict[str, Mark] = {}
        following, file = self._next, self.file
        event = following()
        while type(event) is not MappingEndEvent:
            at = event.start_mark
            line, column = at.line, at.column
            key = self._key(event, depth, marks)
            event = following()
            start = event.start_mark
            value = self._node(event, depth)
            if key is not None:
                entries[key] = value
                marks[key] = (file, line, column, start.line, start.column)
            event = following()
        self.places.add(entries, marks)
        return entries

    def _key(self, event: Any, depth: int, seen: dict[str, Mark]) -> str | None:
        """The key as text; None, with a problem noted, when it can't be one."""
        if type(event) is ScalarEvent and event.anchor is None and event.tag is None:
            key: Data = intern(event.value)  # a plain key is text whatever it looks like: `on`, `1`, `true`
        else:
            key = self._node(event, depth)
        if not isinstance(key, str):
            self._refuse_key(event)
            return None
        if key in seen:
            first = f"it first stands in line {seen[key][1] + 1}"
            self.note(f'duplicate key "{short(key)}"', _at(event), first, rule="duplicate-key")
            return None
        return key

    def _refuse_key(self, event: Any) -> None:
        line, column = _at(event)
        if (
            type(event) is MappingStartEvent
            and event.flow_style
            and self._lines[line][column - 1 : column + 1] == "{{"
        ):
            ended = self._lines[line].find("}}", column)
            template = self._lines[line][column - 1 : ended + 2] if ended > 0 else "{{ … }}"
            message, hint = (
                "a template without quotes is a map to YAML",
                f'write "{short(template)}" in quotes',
            )
            self.note(message, (line, column - 1), hint, rule="yaml-value")
            return
        self.note("a key must be text", (line, column), "put it in quotes", rule="yaml-syntax")

    def _anchored(self, event: Any, depth: int) -> Data:
        name, before, peak = event.anchor, self._size, self._peak
        self._anchors[name] = None
        self._peak = depth
        value = self._value(event, depth)
        self._anchors[name] = _Anchored(value=value, size=self._size - before + 1, height=self._peak - depth)
        self._peak = max(peak, self._peak)
        return value

    def _alias(self, event: Any, depth: int) -> Data:
        name = event.anchor
        if name not in self._anchors:
            message = f"`*{short(name)}` names no anchor that stands before it"
            raise _Refused(message, _at(event), "if it is text, put it in quotes", rule="alias")
        anchored = self._anchors[name]
        if anchored is None:
            message = f"`*{short(name)}` refers to itself"
            raise _Refused(message, _at(event), "write out what is meant", rule="alias")
        self._size += anchored.size
        self._aliased += anchored.size
        self._peak = max(self._peak, depth + anchored.height)
        if self._aliased > MAX_ALIASED:
            raise _Refused("aliases make this file too large", _at(event), rule="too-large")
        if depth + anchored.height >= MAX_DEPTH:
            raise _Refused(f"nested deeper than {MAX_DEPTH} levels", _at(event), rule="too-deep")
        return anchored.value

    def _refuse_tag(self, event: Any) -> None:
        tag = event.tag.replace(_YAML_TAGS, "!!")
        text = f'if it is text, write "{short(tag)}" in quotes; else remove it'
        hint = "remove it" if tag.startswith("!!") else text
        self.note(f"{short(tag)} is a tag to YAML, and job files use none", _at(event), hint, rule="yaml-tag")


def _at(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line, mark.column


def _unprintable(character: int, at: tuple[int, int]) -> _Refused:
    hint = f"remove it, or write \\x{character:02x} in double quotes" if character < 0x100 else "remove it"
    return _Refused(f"character U+{character:04X} can't stand in YAML", at, hint)
