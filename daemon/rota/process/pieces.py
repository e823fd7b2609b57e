"""Which files hold which bytes of a raw log: a head, pieces of a tail, and an index beside each."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from rota.process.files import PASSING

_HEAD = "output.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes [start, end) of the raw log lie in `path`."""

    start: int
    end: int
    path: Path
    index: Path


def find_pieces(directory: Path) -> list[Piece]:
    """What there is now, in order; empty when there is no log."""
    found = []
    try:
        entries = list(os.scandir(directory))
    except OSError as error:
        if error.errno in PASSING:
            raise
        return []
    for entry in entries:
        start = _start_of(entry.name)
        if start is None or not entry.is_file(follow_symlinks=False):
            continue
        try:
            size = entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue  # an old piece of the tail, gone just now
        index = directory / entry.name.replace(".log", ".idx", 1)
        found.append(Piece(start=start, end=start + size, path=Path(entry.path), index=index))
    return sorted((piece for piece in found if piece.end > piece.start), key=lambda piece: piece.start)


def _start_of(name: str) -> int | None:
    if name == _HEAD:
        return 0
    start = name.removeprefix(f"{_HEAD}.tail.")
    return int(start) if start != name and start.isascii() and start.isdigit() else None
