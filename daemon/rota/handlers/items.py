"""Finds the items of a batch: what a command prints, what a file holds, or the paths that fit a pattern.

Run as `python -m rota.handlers.items`. The items are left beside `$ROTA_OUTPUT`, each as JSON in a line, and
only when all of them were found: who reads them knows that there are no more.
"""

from __future__ import annotations

import glob
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from rota.handlers.verdict import say, settings

NAME = "items"  # of the file beside `$ROTA_OUTPUT`
MAX_LIST = 64 * 1024 * 1024  # bytes of a JSON list
MAX_LINE = 64 * 1024  # bytes of a line
_REFUSED = 126  # as a shell says that it can't run something


class Unusable(Exception):
    """What was found can't be used; the message says why."""


def main(given: Mapping[str, Any]) -> int:
    """Find them and leave them; the exit status is that of the command when it fails."""
    most = int(given["most"])
    try:
        found, status = _found(given, most)
        if len(found) > most:
            raise Unusable(f"there are more than {most} items (max_items)")
    except (Unusable, OSError) as error:
        return _fail(error)
    # Also of a command that failed: the job may count its exit code as good.
    _leave(found)
    say(f"{len(found)} item{'' if len(found) == 1 else 's'}")
    return status if status >= 0 else 128 - status


def _fail(error: Exception) -> int:
    told = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) and error.filename else error
    say(f"::error {told}")
    return _REFUSED


def _found(given: Mapping[str, Any], most: int) -> tuple[list[object], int]:
    if "glob" in given:
        return [*sorted(glob.glob(given["glob"], recursive=True))], 0  # noqa: PTH207  relative ones stay so
    if "file" in given:
        with Path(given["file"]).open("rb") as file:
            return _read(file, most), 0
    with subprocess.Popen(given["argv"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            found = _read(process.stdout, most)
        except Unusable:
            process.kill()
            raise
        return found, process.wait()


def _read(stream: IO[bytes], most: int) -> list[object]:
    """One JSON list, or lines; of lines no more than one too many."""
    first = _skip_space(stream)
    if first.lstrip().startswith(b"["):
        return _read_list(first, stream, most)
    return [*_lines(first, stream, most + 1)]


def _skip_space(stream: IO[bytes]) -> bytes:
    """The first line that is not empty."""
    for line in iter(lambda: stream.readline(MAX_LINE + 2), b""):
        if line.strip():
            return line
    return b""


def _read_list(first: bytes, stream: IO[bytes], most: int) -> list[object]:
    text = first + stream.read(MAX_LIST)
    if len(text) > MAX_LIST:
        raise Unusable(f"the list of items is larger than {MAX_LIST // 1024 // 1024} MiB")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return [*_of_lines(text.splitlines(keepends=True), most + 1)]  # lines that begin like a list
    if not isinstance(found, list):
        return [*_of_lines(text.splitlines(keepends=True), most + 1)]
    for place, item in enumerate(found, start=1):
        if item is None or isinstance(item, list):
            raise Unusable(f"item {place} is neither text, a number, true, false nor an object")
    return found


def _lines(first: bytes, stream: IO[bytes], most: int) -> Iterator[str]:
    def read() -> Iterator[bytes]:
        yield first
        yield from iter(lambda: stream.readline(MAX_LINE + 2), b"")

    return _of_lines(read(), most)


def _of_lines(lines: Any, most: int) -> Iterator[str]:
    count = 0
    for line in lines:
        text = line.rstrip(b"\r\n")
        if not text.strip():
            continue
        if len(text) > MAX_LINE:
            raise Unusable(f"item {count + 1} is larger than {MAX_LINE // 1024} KiB")
        count += 1
        yield text.decode("utf-8", "surrogateescape")
        if count >= most:
            return


def _leave(found: list[object]) -> None:
    path = Path(os.environ["ROTA_OUTPUT"]).with_name(NAME)
    unfinished = path.with_name(f"{NAME}.unfinished")
    with unfinished.open("w", encoding="ascii") as file:
        for item in found:
            file.write(json.dumps(item, separators=(",", ":")) + "\n")
    unfinished.rename(path)


if __name__ == "__main__":
    sys.exit(main(settings()))
