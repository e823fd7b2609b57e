"""What git says of a job directory: the commit it stands at, and which files differ from it.

The commit is read from the files of the repository. Whether a file differs is asked of the `git` program,
once for a whole directory; where there is none, or it refuses, nothing is known to differ.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rota.config.git import GIT, environ
from rota.core.problems import DEFAULTS

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DEEPEST = 16  # symbolic references that point to each other
_PATIENCE = 10.0  # seconds that git may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The full hash of the commit, or None, and the files and folders (absolute) that differ from it."""

    commit: str | None = None
    changed: frozenset[str] = frozenset()

    def is_dirty(self, path: str) -> bool:
        """Whether the job file at that absolute path, or a `_defaults.yaml` that holds for it, differs."""
        if not self.changed:
            return False
        if path in self.changed:
            return True
        folder = path.rpartition("/")[0]
        while folder:
            if folder in self.changed or any(f"{folder}/{name}" in self.changed for name in DEFAULTS):
                return True
            folder = folder.rpartition("/")[0]
        return False


class Asking:
    """Begins to ask git about a directory when it is made; `answer` waits for what it says.

    So git works while the files of the directory are read.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory.absolute()
        self._commit = commit_of(directory)
        self._git = None if self._commit is None else _status(self._directory)

    def answer(self) -> Revision:
        """What is known. Never raises; without an answer of git nothing is known to differ."""
        if self._git is None:
            return Revision(commit=self._commit)
        try:
            out, _ = self._git.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._git.pid, signal.SIGKILL)
            self._git.communicate()
            return Revision(commit=self._commit)
        if self._git.returncode != 0:
            return Revision(commit=self._commit)
        return Revision(commit=self._commit, changed=_changed(out, self._directory))


def revision_of(directory: Path) -> Revision:
    """What git says of the directory now."""
    return Asking(directory).answer()


def commit_of(directory: Path) -> str | None:
    """The full hash that HEAD names, or None outside a work tree or when it can't be read."""
    absolute = directory.resolve()
    for folder in (absolute, *absolute.parents):
        marker = folder / ".git"
        try:
            if marker.is_dir():
                return _resolve(marker, marker, "HEAD")
            if marker.is_file():
                return _in_linked_tree(folder, marker)
        except (OSError, ValueError):
            return None
    return None


def _in_linked_tree(folder: Path, marker: Path) -> str | None:
    """`git worktree` and submodules keep HEAD elsewhere, and their branches in a folder shared by all."""
    git = folder / marker.read_text().removeprefix("gitdir:").strip()
    shared = git / "commondir"
    common = git / shared.read_text().strip() if shared.is_file() else git
    return _resolve(git, common, "HEAD")


def _resolve(git: Path, common: Path, name: str) -> str | None:
    for _ in range(_DEEPEST):
        text = _loose(git, common, name) or _packed(common, name)
        if text is None or not text.startswith("ref:"):
            return text if text is not None and _COMMIT.fullmatch(text) else None
        name = text.removeprefix("ref:").strip()
    return None


def _loose(git: Path, common: Path, name: str) -> str | None:
    for folder in (git, common):
        path = folder / name
        if path.is_file():
            return path.read_text().strip()
    return None


def _packed(common: Path, name: str) -> str | None:
    packed = common / "packed-refs"
    if not packed.is_file():
        return None
    for line in packed.read_text().splitlines():
        commit, _, reference = line.partition(" ")
        if reference == name:
            return commit
    return None


def _status(directory: Path) -> subprocess.Popen[bytes] | None:
    """`git status` of the directory, begun; None where there is no git."""
    words = [*GIT, *_trusted(directory)]
    words += ["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignored=matching"]
    try:
        return subprocess.Popen(
            [*words, "--", "."],
            cwd=directory,
            env=environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that what git starts can be ended with it
        )
    except OSError:
        return None


def _trusted(directory: Path) -> Sequence[str]:
    """git reads the settings of repositories of one's own only; those of root are as good."""
    root = _root_of(directory.resolve())
    with suppress(OSError):
        if root is not None and {root.stat().st_uid, (root / ".git").stat().st_uid} <= {0, os.getuid()}:
            return ("-c", f"safe.directory={root.resolve()}")
    return ()


def _changed(listed: bytes, directory: Path) -> frozenset[str]:
    """The paths of `XY path NUL …`, which begin at the top of the work tree."""
    root = _root_of(directory.resolve())
    if root is None:
        return frozenset()
    # As job files are named: below the directory as it is written, whatever links lead there.
    inside = os.fsencode(directory.resolve().relative_to(root))
    prefix = b"" if inside == b"." else inside + b"/"
    paths = (entry[3:] for entry in listed.split(b"\0") if len(entry) > 3)
    below = (path.removeprefix(prefix) for path in paths if path.startswith(prefix))
    return frozenset(f"{directory}/{os.fsdecode(path).rstrip('/')}".rstrip("/") for path in below)


def _root_of(directory: Path) -> Path | None:
    return next((each for each in (directory, *directory.parents) if (each / ".git").exists()), None)
