"""The git commit that a directory stands at, read from the files of its repository."""

from __future__ import annotations

import re
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DEEPEST = 16  # symbolic references that point to each other


def commit_of(directory: Path) -> str | None:
    """The full hash that HEAD names, or None outside a work tree or when it can't be read."""
    absolute = directory.absolute()
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
