"""Folders as they are at a revision of their git repository, written elsewhere: no checkout is touched."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rota.cli.failure import CouldNotAsk
from rota.config.git import GIT, environ
from rota.config.yaml12 import MAX_BYTES

_PATIENCE = 120  # seconds for one question
_HEAD = 200  # bytes, more than enough for the line before each file
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
    below = _inside(revision, folder)
    entries = list(_entries(revision, below))
    _check_names(revision, entries)
    contents = _contents(revision, [entry for entry in entries if not entry.is_large])
    to.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        try:
            _write(to / entry.path.removeprefix(below), entry, contents.get(entry.blob))
        except (OSError, ValueError) as error:
            raise CouldNotAsk(f"{entry.path} of {revision.shown} can't be written: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    mode: str
    blob: str
    size: int
    path: str  # from the top of the repository

    @property
    def is_large(self) -> bool:
        """Larger than any file that is read: what stands in it does not matter."""
        return self.size > MAX_BYTES


def _inside(revision: Revision, folder: Path) -> str:
    """What the paths of the folder begin with in the repository."""
    try:
        prefix = folder.absolute().resolve().relative_to(revision.top.resolve()).as_posix()
    except ValueError as error:
        raise CouldNotAsk(
            f"{folder} is not in the repository {revision.top}: name what to compare with by --against DIR"
        ) from error
    return "" if prefix == "." else f"{prefix}/"


def _entries(revision: Revision, below: str) -> Iterator[_Entry]:
    words = ["--literal-pathspecs", "ls-tree", "-r", "-l", "-z", "--full-tree", revision.commit]
    listing = _asked(revision, *words, *(["--", below] if below else []))
    for line in listing.decode("utf-8", "surrogateescape").split("\0"):
        facts, tab, path = line.partition("\t")
        mode, _, blob, size = facts.split() if tab else ("", "", "", "")
        if mode in _FILES:
            yield _Entry(mode=mode, blob=blob, size=int(size) if size.isdigit() else 0, path=path)


def _check_names(revision: Revision, entries: Sequence[_Entry]) -> None:
    """Commits made by hand may hold names that lead elsewhere, or files below links. Raises CouldNotAsk."""
    paths = {entry.path for entry in entries}
    for entry in entries:
        around = (parent.as_posix() for parent in PurePosixPath(entry.path).parents)
        odd = any(part in ("", ".", "..") for part in entry.path.split("/"))
        if odd or not paths.isdisjoint(around):
            raise CouldNotAsk(f"{revision.shown} holds a path that no checkout can have: {entry.path}")
    if len(paths) < len(entries):
        raise CouldNotAsk(f"{revision.shown} holds a path twice, which no checkout can")


def _contents(revision: Revision, entries: Sequence[_Entry]) -> Mapping[str, bytes]:
    """By blob. Raises CouldNotAsk when the clone lacks one."""
    blobs = list(dict.fromkeys(entry.blob for entry in entries))
    asked = "".join(f"{blob}\n" for blob in blobs)
    content = _asked(revision, "cat-file", "--batch", given=asked.encode())
    found = {}
    start = 0
    for blob in blobs:
        head, _, _ = content[start : start + _HEAD].partition(b"\n")
        size = head.rsplit(b" ", 1)[-1]
        if not size.isdigit():
            raise CouldNotAsk(_lacking(revision))
        begin = start + len(head) + 1
        start = begin + int(size) + 1
        found[blob] = content[begin : start - 1]
    return found


def _write(path: Path, entry: _Entry, content: bytes | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        with path.open("wb") as opened:
            opened.truncate(MAX_BYTES + 1)  # a hole
    elif entry.mode == _SYMLINK:
        path.symlink_to(content.decode("utf-8", "surrogateescape"))
    else:
        path.write_bytes(content)


def _lacking(revision: Revision) -> str:
    return (
        f"this clone is partial and lacks files of {revision.shown}: "
        "let CI fetch whole commits (no --filter), or check that revision out and name its directory"
    )


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


def _asked(revision: Revision, *words: str, given: bytes = b"") -> bytes:
    done = _git(revision.top, *words, given=given)
    if b"promisor" in done.stderr:
        raise CouldNotAsk(_lacking(revision))
    if done.returncode:
        raise CouldNotAsk(f"git: {done.stderr.decode('utf-8', 'replace').strip() or 'it failed'}")
    return done.stdout


def _git(folder: Path, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [*GIT, "-C", str(folder), *words],
            input=given,
            capture_output=True,
            check=False,
            env=environ(),
            timeout=_PATIENCE,
        )
    except FileNotFoundError as error:
        raise CouldNotAsk("git is not installed: compare with --against DIR or daemon") from error
    except subprocess.TimeoutExpired as error:
        raise CouldNotAsk(f"git {words[0]} took longer than {_PATIENCE} seconds") from error
