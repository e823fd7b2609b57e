"""Where in its file each key and value of a read document stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Data = dict[str, "Data"] | list["Data"] | str | int | float | bool | None

# file, line and column of the key, line and column of the value; counted from 0
Mark = tuple[str, int, int, int, int]

Path = Sequence[str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place for people: `line` and `column` count from 1."""

    file: str
    line: int
    column: int


class Places:
    """Marks of every map entry and list item, by the identity of the map or list that holds them.

    The data must live as long as this does. Maps made by merging documents keep the marks of their entries,
    so that a place can lie in another file than its neighbour's.
    """

    __slots__ = ("_marks", "has_others", "start")

    def __init__(self, start: Mark) -> None:
        self.start = start
        self.has_others = False  # marks in other files than that of `start`
        self._marks: dict[int, dict[str, Mark] | list[Mark]] = {}

    def add(self, container: dict[str, Data] | list[Data], marks: dict[str, Mark] | list[Mark]) -> None:
        """Remember the marks of one map or list."""
        self._marks[id(container)] = marks

    def of(self, container: dict[str, Data]) -> dict[str, Mark]:
        """The marks of a map's entries."""
        marks = self._marks.get(id(container))
        return marks if isinstance(marks, dict) else {}

    def beginning_at(self, start: Mark) -> Places:
        """The same marks, for a part of the document that begins there."""
        part = Places(start)
        part._marks, part.has_others = self._marks, self.has_others
        return part

    def joined(self, other: Places) -> Places:
        """Both, beginning where this one begins."""
        both = Places(self.start)
        both._marks = {**other._marks, **self._marks}
        both.has_others = True
        return both

    def value(self, root: Data, path: Path) -> Place:
        """Where the value at that path begins; for a path that is not there, its nearest parent's place."""
        file, _, _, line, column = self._find(root, path)
        return Place(file=file, line=line + 1, column=column + 1)

    def spot(self, root: Data, path: Path) -> tuple[str, int, int]:
        """The same as file, line and column, counted from 1."""
        file, _, _, line, column = self._find(root, path)
        return file, line + 1, column + 1

    def key(self, root: Data, path: Path) -> Place:
        """Where the key (or list item) at that path begins."""
        file, line, column, _, _ = self._find(root, path)
        return Place(file=file, line=line + 1, column=column + 1)

    def _find(self, root: Data, path: Path) -> Mark:
        mark = self.start
        node: Any = root
        for part in path:
            try:
                marks: Any = self._marks[id(node)]
                mark = marks[part]
                node = node[part]
            except (KeyError, IndexError, TypeError):
                break
        return mark


def pointer(path: Path) -> str:
    """The path as a JSON pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
