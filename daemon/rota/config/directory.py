"""One directory of job files, read again and again: what did not change is not parsed again."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from rota.config import defaults, jobfile, yaml12
from rota.config.defaults import Defaults
from rota.config.folder import JobFile, Listing, Signature, listed
from rota.config.jobfile import Outcome
from rota.config.parse import Surroundings
from rota.core.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything that a directory says now."""

    outcomes: tuple[tuple[JobFile, Outcome], ...] = ()
    problems: tuple[Problem, ...] = ()  # of folders and defaults; those of files are in the outcomes
    unreadable: tuple[str, ...] = ()  # folders


@dataclass(slots=True, kw_only=True)
class _Known:
    signature: Signature
    digest: bytes | None  # of the content; kept until the file was found unchanged once
    defaults: str
    writable: str
    outcome: Outcome


class Directory:
    """Remembers what each of its files said."""

    def __init__(self, path: Path, surroundings: Surroundings) -> None:
        self.path = path
        self._surroundings = surroundings
        self._known: dict[str, _Known] = {}

    def read(self) -> Reading:
        """What it says now. Never raises for what lies in it."""
        found = listed(self.path)
        by_folder = _defaults_by_folder(found)
        outcomes = [
            (file, self._outcome(file, nearest(by_folder, file.folder) if by_folder else defaults.NONE))
            for file in found.files
        ]
        present = {file.path for file in found.files}
        self._known = {path: known for path, known in self._known.items() if path in present}
        problems = [*found.problems, *(each for used in by_folder.values() for each in used.problems)]
        return Reading(outcomes=tuple(outcomes), problems=tuple(problems), unreadable=found.unreadable)

    def _outcome(self, file: JobFile, used: Defaults) -> Outcome:
        path = file.path
        known = self._known.get(path)
        same = known is not None and known.signature == file.signature and known.defaults == used.key
        same = same and known is not None and known.writable == file.writable
        if known is not None and same and known.outcome.calendars:
            same = self._has_same_calendars(known.outcome)
        if known is not None and same and known.digest is None:
            return known.outcome
        content = content_of(file)
        if isinstance(content, Problem):
            self._known.pop(path, None)
            return Outcome(problems=(content,), readable=False)
        digest = sha256(content).digest()
        if known is not None and same and known.digest == digest:
            # Two writes within one tick of the file system's clock have one signature. So a signature is
            # trusted only after it was seen twice with the same content.
            known.digest = None
            return known.outcome
        outcome = jobfile.read(content, file, used, self._surroundings)
        self._known[path] = _Known(
            signature=file.signature,
            digest=digest,
            defaults=used.key,
            writable=file.writable,
            outcome=outcome,
        )
        return outcome

    def _has_same_calendars(self, outcome: Outcome) -> bool:
        calendars = self._surroundings.calendars
        return all(calendars.key(path) == key for path, key in outcome.calendars.items())


def content_of(file: JobFile) -> bytes | Problem:
    """At most one byte more than is allowed, or why it can't be read."""
    try:
        # A FIFO that nobody writes to would hold its reader for ever.
        opened = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(opened)
            if not stat.S_ISREG(status.st_mode):
                return _unread(file, "it is not a regular file")
            return _content(opened, status.st_size)
        finally:
            os.close(opened)
    except OSError as error:
        return _unread(file, str(error.strerror))


def _content(opened: int, size: int) -> bytes:
    """To ask for no more than there should be saves a large buffer for each of thousands of small files."""
    most = yaml12.MAX_BYTES + 1
    content = os.read(opened, min(size + 1, most))
    while len(content) != size and len(content) < most and (more := os.read(opened, most - len(content))):
        content += more
    return content


def _unread(file: JobFile, why: str) -> Problem:
    return Problem(file=file.shown, line=1, column=1, message=f"can't be read: {why}", rule="unreadable")


def nearest(by_folder: dict[str, Defaults], folder: str) -> Defaults:
    """The defaults that hold for a folder: its own, else those of the folder around it that has some."""
    while by_folder and folder not in by_folder:
        if not folder:
            return defaults.NONE
        folder = folder.rpartition("/")[0]
    return by_folder.get(folder, defaults.NONE)


def _defaults_by_folder(found: Listing) -> dict[str, Defaults]:
    """The defaults of every folder that has a file of them, outer folders first."""
    by_folder: dict[str, Defaults] = {}
    for file in found.defaults:
        content = content_of(file)
        if isinstance(content, Problem):
            by_folder[file.folder] = _unusable(content)
        elif file.folder in by_folder:
            message = "this folder has a _defaults.yaml and a _defaults.yml"
            by_folder[file.folder] = _unusable(
                Problem(file=file.shown, line=1, column=1, message=message, hint="keep one of them")
            )
        else:
            outer = nearest(by_folder, file.folder.rpartition("/")[0])
            by_folder[file.folder] = _with_writers(defaults.read(content, file.shown, outer), outer, file)
    return by_folder


def _with_writers(found: Defaults, outer: Defaults, file: JobFile) -> Defaults:
    writable = outer.writable or file.writable
    return replace(found, writable=writable, key=f"{found.key}{writable}") if writable else found


def _unusable(problem: Problem) -> Defaults:
    return replace(defaults.NONE, key="unusable", broken=True, problems=(problem,))
