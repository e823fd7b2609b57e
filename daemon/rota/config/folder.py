"""What lies in a directory of job files: the files that count, and what is odd about the rest."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from rota.core.problems import Problem

DEFAULTS = frozenset({"_defaults.yaml", "_defaults.yml"})
_ENDINGS = (".yaml", ".yml")
_LEFT_OUT = (".*", "*~", "*.rpmnew", "*.dpkg-*")

Signature = tuple[int, int, int, int]  # changes whenever the file does


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFile:
    """A file found. `shown` is its name for people, `relative` its path in the job directory."""

    path: Path
    shown: str
    relative: str
    signature: Signature

    @property
    def folder(self) -> str:
        """The folder it lies in, absolute."""
        return str(self.path.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """`unreadable` are folders whose files can't be known now; their jobs are not gone."""

    files: tuple[JobFile, ...] = ()
    defaults: tuple[JobFile, ...] = ()  # outer folders first
    unreadable: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def is_left_out(name: str) -> bool:
    """Whether a name means nothing to rota: dot-files, backups, what package managers leave."""
    return any(fnmatchcase(name, pattern) for pattern in _LEFT_OUT)


def is_job_file(name: str) -> bool:
    """Whether a name is that of a job file."""
    return name.endswith(_ENDINGS) and name not in DEFAULTS and not is_left_out(name)


def listed(directory: Path) -> Listing:
    """Everything below the directory, in the order of names. Never raises for what is there or not there."""
    return _Walk(directory).listing()


def file_at(path: Path, root: Path, shown: str) -> JobFile:
    """One file of which the path is known. Raises OSError when it is not there."""
    return _job_file(path.absolute(), root.absolute(), shown, path.stat())


class _Walk:
    def __init__(self, directory: Path) -> None:
        self._shown_root = str(directory)
        self._root = directory.absolute()
        self._found: list[JobFile] = []
        self._unreadable: list[str] = []
        self._problems: list[Problem] = []
        self._entered: set[tuple[int, int]] = set()  # folders by device and inode: links can make circles

    def listing(self) -> Listing:
        self._folder(self._root)
        defaults = [each for each in self._found if each.path.name in DEFAULTS]
        return Listing(
            files=tuple(each for each in self._found if each.path.name not in DEFAULTS),
            defaults=tuple(sorted(defaults, key=lambda each: len(each.path.parts))),
            unreadable=tuple(self._unreadable),
            problems=tuple(self._problems),
        )

    def _folder(self, folder: Path) -> None:
        try:
            status = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self._unreadable.append(str(folder))
            self._note(folder, f"the directory can't be read: {error.strerror}")
            return
        if (status.st_dev, status.st_ino) in self._entered:
            self._note(folder, "the directory is a link back into itself: left out", warning=True)
            return
        self._entered.add((status.st_dev, status.st_ino))
        for entry in entries:
            if not is_left_out(entry.name):
                self._entry(entry)

    def _entry(self, entry: os.DirEntry[str]) -> None:
        path = Path(entry.path)
        try:
            status = entry.stat()
        except OSError as error:
            self._missing(path, error)
            return
        if stat.S_ISDIR(status.st_mode):
            self._folder(path)
        elif not stat.S_ISREG(status.st_mode):
            self._note(path, "not a regular file: left out", warning=True)
        elif entry.name.endswith(_ENDINGS):
            self._found.append(_job_file(path, self._root, self._shown(path), status))
        else:
            self._note(
                path, "not a job file, left out: the name ends neither in .yaml nor .yml", warning=True
            )

    def _missing(self, path: Path, error: OSError) -> None:
        """A dangling link: its job is there by name but has no content."""
        if path.name.endswith(_ENDINGS):
            self._found.append(
                JobFile(
                    path=path,
                    shown=self._shown(path),
                    relative=str(path.relative_to(self._root)),
                    signature=(0, 0, 0, 0),
                )
            )
        else:
            self._note(path, f"can't be read: {error.strerror}", warning=True)

    def _shown(self, path: Path) -> str:
        return str(Path(self._shown_root) / path.relative_to(self._root))

    def _note(self, path: Path, message: str, *, warning: bool = False) -> None:
        self._problems.append(
            Problem(
                file=self._shown(path),
                line=1,
                column=1,
                message=message,
                severity="warning" if warning else "error",
            )
        )


def _job_file(path: Path, root: Path, shown: str, status: os.stat_result) -> JobFile:
    signature = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
    return JobFile(path=path, shown=shown, relative=str(path.relative_to(root)), signature=signature)
