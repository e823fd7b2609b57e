"""Problems of job files for people: each with its line of the file and a caret below the column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from rota.cli.output import COLOURS
from rota.core.problems import Problem
from rota_renderers.plain import plain

_WIDTH = 100  # columns of a source line that are shown
_BEFORE = 40  # of them before the column, when the line must be cut

Lines = Callable[[str], list[str]]


def problem_text(problem: Problem, lines: Lines) -> str:
    """Place and message, the source line with its caret, and what to do; safe for a terminal."""
    severity = click.style(problem.severity, fg=COLOURS[problem.severity], bold=True)
    place = plain(f"{problem.file}:{problem.line}:{problem.column}:")
    told = [f"{place} {severity}: {plain(problem.message)}"]
    source = lines(problem.file)
    if problem.line <= len(source):
        told += [f"    {line}" for line in excerpt(source[problem.line - 1], problem.column)]
    if problem.hint:
        told.append(f"    = {plain(problem.hint)}")
    return "\n".join(told)


def excerpt(line: str, column: int) -> tuple[str, ...]:
    """The line, cut when it is long, and a caret below its column; nothing for an empty line.

    Tabs stay tabs in both, so that the caret stands right whatever width a terminal gives them.
    """
    at = min(column - 1, len(line))
    begin = max(0, at - _BEFORE) if len(line) > _WIDTH else 0
    shown = line[begin : begin + _WIDTH].rstrip()
    if not shown.strip():
        return ()
    left, right = "…" if begin else "", "…" if begin + _WIDTH < len(line.rstrip()) else ""
    before = "".join("\t" if character == "\t" else " " * _columns(character) for character in line[begin:at])
    tabbed = "\t".join(plain(part) for part in shown.split("\t"))
    return f"{left}{tabbed}{right}", f"{' ' * len(left)}{before}{click.style('^', fg='green', bold=True)}"


class SourceLines:
    """The lines of files, each read once; of what can't be read there are none."""

    def __init__(self) -> None:
        self._read: dict[str, list[str]] = {}

    def __call__(self, file: str) -> list[str]:
        if file not in self._read:
            self._read[file] = _lines(Path(file))
        return self._read[file]


def _lines(path: Path) -> list[str]:
    try:
        if not path.is_file():
            return []
        with path.open("rb") as opened:
            content = opened.read(_MOST)
    except OSError:
        return []
    return content.decode("utf-8", "replace").splitlines()


_MOST = 2 * 1024 * 1024  # bytes; larger files are no job files


def _columns(character: str) -> int:
    """How wide a character stands in a terminal, after what a terminal must not obey was made plain."""
    if character.isascii() and character.isprintable():
        return 1
    from rich.cells import cell_len

    return cell_len(plain(character))
