"""Folders as they are at a revision of their git repository, written elsewhere: no checkout is touched."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rota.cli.failure import CouldNotAsk

_SYMLINK = "120000"
_FILES = frozenset({"100644", "100755", _SYMLINK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit of the repository around a folder; `name` is what was asked for."""

    top: Path
    name: str
    commit: str

    @property
    def shown(self) -> str:
        """Such as `HEAD (1a2b3c4d)`."""
        short = self.commit[:8]
        return short if self.commit.startswith(self.name) else f"{self.name} ({short})"


def find_revision(folder: Path, name: str) -> Revision:
    """Raises CouldNotAsk when there is no repository or no such commit in it."""
    home = _existing(folder)
    top = _git(home, "rev-parse", "--show-toplevel")
    if top.returncode:
        raise CouldNotAsk(
            f"{folder} is not in a git repository: name what to compare with by --against DIR or daemon"
        )
    root = Path(top.stdout.decode().removesuffix("\n"))
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if commit.returncode:
        raise CouldNotAsk(_unknown(root, name))
    return Revision(top=root, name=name, commit=commit.stdout.decode().strip())


def write_tree(revision: Revision, folder: Path, to: Path) -> None:
    """What `folder` holds at the revision, into `to`; nothing when it is not there. Raises CouldNotAsk."""
    prefix = folder.absolute().resolve().relative_to(revision.top.resolve()).as_posix()
    below = "" if prefix == "." else f"{prefix}/"
    entries = list(_entries(revision, below))
    asked = "".join(f"{blob}\n" for _, blob, _ in entries).encode()
    content = _checked(_git(revision.top, "cat-file", "--batch", given=asked))
    start = 0
    to.mkdir(parents=True, exist_ok=True)
    for mode, _, path in entries:
        head, _, _ = content[start : start + 200].partition(b"\n")
        begin = start + len(head) + 1
        end = begin + int(head.rsplit(b" ", 1)[1])
        _write(to / path.removeprefix(below), mode, content[begin:end])
        start = end + 1


def _entries(revision: Revision, below: str) -> Iterator[tuple[str, str, str]]:
    paths = ["--", below] if below else []
    listing = _checked(
        _git(
            revision.top, "--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", revision.commit, *paths
        )
    )
    for line in listing.decode("utf-8", "surrogateescape").split("\0"):
        facts, tab, path = line.partition("\t")
        mode, _, blob = facts.split() if tab else ("", "", "")
        if mode in _FILES:
            yield mode, blob, path


def _write(path: Path, mode: str, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode == _SYMLINK:
        path.symlink_to(content.decode("utf-8", "surrogateescape"))
    else:
        path.write_bytes(content)


def _unknown(root: Path, name: str) -> str:
    shallow = _git(root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
    if shallow:
        return (
            f"this clone is shallow and does not hold {name}: run `git fetch --unshallow`, "
            "or let CI fetch the whole history (fetch-depth: 0)"
        )
    return f"{name} is no commit of {root} and no directory here: `git fetch` may bring it"


def _existing(folder: Path) -> Path:
    """The folder, or what is left of its path: it may be new or gone in the work tree."""
    absolute = folder.absolute()
    return next(each for each in (absolute, *absolute.parents) if each.is_dir())


def _checked(done: subprocess.CompletedProcess[bytes]) -> bytes:
    if done.returncode:
        raise CouldNotAsk(f"git: {done.stderr.decode('utf-8', 'replace').strip() or 'it failed'}")
    return done.stdout


def _git(folder: Path, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *words], input=given, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise CouldNotAsk("git is not installed: compare with --against DIR or daemon") from error
