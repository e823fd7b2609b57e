"""What lies in a directory of job files: the files that count, and what is odd about the rest."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from rota.core.problems import DEFAULTS, Problem

_ENDINGS = (".yaml", ".yml")
_CALENDAR = ".ics"  # lies beside the jobs that name it

Signature = tuple[int, int, int, int]  # changes whenever the file does


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFile:
    """A file found. `shown` is its name for people, `relative` its path in the job directory.

    `path` is absolute, and text: making a Path of each of thousands takes longer than looking at the file.
    """

    path: str
    shown: str
    relative: str
    signature: Signature
    writable: str = ""  # it or a folder above it, when group or others may write there

    @property
    def folder(self) -> str:
        """The folder it lies in, absolute."""
        return self.path.rpartition("/")[0] or "/"

    @property
    def name(self) -> str:
        """Its name in that folder."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """`unreadable` are folders whose files can't be known now; their jobs are not gone."""

    files: tuple[JobFile, ...] = ()
    defaults: tuple[JobFile, ...] = ()  # outer folders first
    unreadable: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def is_left_out(name: str) -> bool:
    """Whether a name means nothing to rota: dot-files, backups, what package managers leave."""
    return name.startswith(".") or name.endswith(("~", ".rpmnew")) or ".dpkg-" in name


def listed(directory: Path) -> Listing:
    """Everything below the directory, in the order of names. Never raises for what is there or not there."""
    return _Walk(directory).listing()


def file_at(path: Path, root: Path, shown: str) -> JobFile:
    """One file of which the path is known. Raises OSError when it is not there."""
    absolute = path.absolute()
    return JobFile(
        path=str(absolute),
        shown=shown,
        relative=str(absolute.relative_to(root.absolute())),
        signature=_signature(path.stat()),
    )


class _Walk:
    def __init__(self, directory: Path) -> None:
        self._root = str(directory.absolute())
        self._shown = str(directory)
        self._found: list[JobFile] = []
        self._unreadable: list[str] = []
        self._problems: list[Problem] = []
        self._entered: set[tuple[int, int]] = set()  # folders by device and inode: links can make circles

    def listing(self) -> Listing:
        self._folder(self._root, "", "")
        defaults = [each for each in self._found if each.name in DEFAULTS]
        return Listing(
            files=tuple(each for each in self._found if each.name not in DEFAULTS),
            defaults=tuple(sorted(defaults, key=lambda each: each.path.count("/"))),
            unreadable=tuple(self._unreadable),
            problems=tuple(self._problems),
        )

    def _folder(self, folder: str, relative: str, writable: str) -> None:
        try:
            status = Path(folder).stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self._unreadable.append(folder)
            self._note(relative, f"the directory can't be read: {error.strerror}")
            return
        if (status.st_dev, status.st_ino) in self._entered:
            self._note(relative, "the directory is a link back into itself: left out", warning=True)
            return
        self._entered.add((status.st_dev, status.st_ino))
        writable = writable or _writable(folder, status)
        for entry in entries:
            if not is_left_out(entry.name):
                self._entry(entry, f"{relative}/{entry.name}" if relative else entry.name, writable)

    def _entry(self, entry: os.DirEntry[str], relative: str, writable: str) -> None:
        try:
            status = entry.stat()
        except OSError as error:
            self._missing(entry, relative, error)
            return
        if stat.S_ISREG(status.st_mode) and entry.name.endswith(_ENDINGS):
            self._add(entry, relative, _signature(status), writable or _writable(entry.path, status))
        elif stat.S_ISDIR(status.st_mode):
            self._folder(entry.path, relative, writable)
        elif not stat.S_ISREG(status.st_mode):
            self._note(relative, "not a regular file: left out", warning=True)
        elif not entry.name.endswith(_CALENDAR):
            message = "not a job file, left out: the name ends neither in .yaml nor .yml"
            self._note(relative, message, warning=True)

    def _missing(self, entry: os.DirEntry[str], relative: str, error: OSError) -> None:
        """A dangling link: its job is there by name but has no content."""
        if entry.name.endswith(_ENDINGS):
            self._add(entry, relative, (0, 0, 0, 0))
        else:
            self._note(relative, f"can't be read: {error.strerror}", warning=True)

    def _add(self, entry: os.DirEntry[str], relative: str, signature: Signature, writable: str = "") -> None:
        shown = f"{self._shown}/{relative}"
        self._found.append(
            JobFile(path=entry.path, shown=shown, relative=relative, signature=signature, writable=writable)
        )

    def _note(self, relative: str, message: str, *, warning: bool = False) -> None:
        self._problems.append(
            Problem(
                file=f"{self._shown}/{relative}" if relative else self._shown,
                line=1,
                column=1,
                message=message,
                severity="warning" if warning else "error",
                rule="left-out" if warning else "unreadable",
            )
        )


def writable_at(path: str) -> str:
    """The file or its folder, when group or others may write there; "" when not, or when it is not there."""
    for each in (path.rpartition("/")[0] or "/", path):
        try:
            status = Path(each).stat()
        except OSError:
            continue
        if found := _writable(each, status):
            return found
    return ""


def _writable(path: str, status: os.stat_result) -> str:
    return path if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) else ""


def _signature(status: os.stat_result) -> Signature:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
