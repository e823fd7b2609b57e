"""YAML and JSON of others as plain values that remember their lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

_MOST = 200_000  # values: aliases can make a small file large
_DEEPEST = 64


class NotReadable(Exception):
    """The text is not YAML, or more of it than anybody writes; the message says where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A value and the line (from 1) it begins on. Scalars are text as written, or None."""

    line: int
    value: str | list[Spot] | dict[str, Spot] | None

    @property
    def members(self) -> dict[str, Spot]:
        """Those of a map; none when it is something else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Spot]:
        """Those of a list; a single value is a list of itself."""
        if isinstance(self.value, list):
            return self.value
        return [] if self.value is None or isinstance(self.value, dict) else [self]

    @property
    def text(self) -> str:
        """The scalar, "" for everything else."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def number(self) -> float | None:
        """The scalar as a number."""
        try:
            return float(self.text)
        except ValueError:
            return None

    @property
    def truth(self) -> bool:
        """Whether the scalar says yes."""
        return self.text.lower() in ("true", "yes", "on", "y", "1")

    @property
    def plain(self) -> Any:
        """As text that people read: maps and lists of it in the way of YAML."""
        if isinstance(self.value, dict):
            return "{" + ", ".join(f"{key}: {each.plain}" for key, each in self.value.items()) + "}"
        if isinstance(self.value, list):
            return "[" + ", ".join(str(each.plain) for each in self.value) + "]"
        return self.text


def read(text: str) -> Spot:
    """The only document of the text. Raises NotReadable."""
    try:
        _check_depth(text)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "can't be read"
        raise NotReadable(f"not YAML: {problem}", mark.line + 1 if mark else 1) from error
    return Spot(line=1, value=None) if node is None else _Reader().spot(node, 0)


def _check_depth(text: str) -> None:
    """The composer calls itself for each level, in C: a deep text would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            mark = event.start_mark
            raise NotReadable("too large or too deep", mark.line + 1 if mark else 1)


class _Reader:
    def __init__(self) -> None:
        self._count = 0

    def spot(self, node: yaml.Node, depth: int) -> Spot:
        line = node.start_mark.line + 1
        self._count += 1
        if self._count > _MOST or depth > _DEEPEST:
            raise NotReadable("too large or too deep", line)
        if isinstance(node, yaml.MappingNode):
            members = {key.value: self._member(key, value, depth) for key, value in node.value}
            return Spot(line=line, value={str(key): each for key, each in members.items()})
        if isinstance(node, yaml.SequenceNode):
            return Spot(line=line, value=[self.spot(each, depth + 1) for each in node.value])
        is_null = node.tag == "tag:yaml.org,2002:null"
        return Spot(line=line, value=None if is_null else str(node.value))

    def _member(self, key: yaml.Node, value: yaml.Node, depth: int) -> Spot:
        """A member begins where its key stands: a block's own line is the next one."""
        if not isinstance(key, yaml.ScalarNode):
            raise NotReadable("a key that is not text", key.start_mark.line + 1)
        return Spot(line=key.start_mark.line + 1, value=self.spot(value, depth + 1).value)
