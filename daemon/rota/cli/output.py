"""What commands print: JSON, tables, and text that a job may have written but a terminal must not obey."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from re import compile as regex
from shutil import get_terminal_size
from typing import TextIO

import click

from rota_renderers.plain import plain

_OBEYED = regex("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_FOLDED = "    "  # before the lines in which a row goes on
_COLOUR = regex(r"\x1b\[[0-9;:]*m")

COLOURS: Mapping[str, str] = {
    "ok": "green",
    "completed": "green",
    "running": "blue",
    "retrying": "yellow",
    "failed": "red",
    "invalid": "red",
    "error": "red",
    "missed": "yellow",
    "late": "yellow",
    "warning": "yellow",
    "warn": "yellow",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a table."""

    text: str
    colour: str | None = None


def say(text: str = "") -> None:
    """A line on stdout, safe for a terminal."""
    click.echo(plain(text))


def note(text: str) -> None:
    """A line on stderr: about the command, not its answer."""
    click.echo(plain(text), err=True)


def count_text(count: int, noun: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def say_json(value: object) -> None:
    """The value as JSON, indented for people when they read it; nothing in it is obeyed by a terminal."""
    text = json.dumps(value, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False)
    # JSON itself escapes the control characters below the space only.
    click.echo(_OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def log_text(text: str, stream: TextIO, environ: Mapping[str, str] = os.environ) -> str:
    """A line of a log: as the job wrote it, but on a terminal only its colours are obeyed."""
    if not stream.isatty():
        return text.encode("utf-8", "replace").decode()
    pieces = _COLOUR.split(text)
    if environ.get("NO_COLOR") or len(pieces) == 1:
        return plain(text)
    colours = _COLOUR.findall(text)
    joined = plain(pieces[0]) + "".join(
        colour + plain(piece) for colour, piece in zip(colours, pieces[1:], strict=True)
    )
    return joined + "\x1b[0m"


def state_cell(state: str) -> Cell:
    """A state word in its colour."""
    return Cell(state, COLOURS.get(state))


def end_text(run: Mapping[str, object]) -> str:
    """Its state and why, the state said once: `failed, exit code 3`, `cancelled before it began`."""
    state, message = str(run["state"]), str(run["message"])
    return message if message.startswith(state) else ", ".join(filter(None, (state, message)))


def say_table(head: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> None:
    """Columns two spaces apart; never cut, so that what reads a pipe gets all of it.

    On a terminal that is too narrow, each row goes on in further lines.
    """
    cells = [[_cell(field) for field in row] for row in rows]
    widths = [max([_width(name), *(_width(row[i].text) for row in cells)]) for i, name in enumerate(head)]
    named = [Cell(name, "bright_black") for name in head]
    lines = _lines(widths, get_terminal_size().columns if sys.stdout.isatty() else None)
    for row in (named, *cells):
        for position, line in enumerate(lines):
            _say_fields([row[i] for i in line], [widths[i] for i in line], _FOLDED if position else "")


def _lines(widths: Sequence[int], columns: int | None) -> list[list[int]]:
    """Which columns of a table stand in which line of a row."""
    lines: list[list[int]] = [[]]
    used = 0
    for i, width in enumerate(widths):
        if columns is not None and lines[-1] and used + width > columns:
            lines.append([])
            used = len(_FOLDED)
        lines[-1].append(i)
        used += width + 2
    return lines


def _say_fields(row: Sequence[Cell], widths: Sequence[int], indent: str) -> None:
    fields = [
        (click.style(cell.text, fg=cell.colour) if cell.colour and cell.text else cell.text)
        + " " * (0 if i == len(row) - 1 else width - _width(cell.text))
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    line = "  ".join(fields).rstrip()
    if line or not indent:
        click.echo(indent + line)


def _cell(field: str | Cell) -> Cell:
    cell = field if isinstance(field, Cell) else Cell(field)
    return Cell(plain(cell.text).replace("\n", " ").replace("\t", " "), cell.colour)


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # only foreign scripts need to be measured

    return cell_len(text)
