"""All job directories read as one set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rota.core.model import JobSet


class JobReader:
    """Reads the same directories again and again; files whose bytes did not change are not parsed again."""

    def __init__(
        self, directories: Sequence[Path], *, timezone: str = "UTC", host: str | None = None
    ) -> None:
        """`timezone` is that of triggers that name none; `host` None takes the jobs of every host."""

    def read(self, previous: JobSet | None = None) -> JobSet:
        """The set as it is on disk now; what is broken keeps its last good version from `previous`.

        Never raises for what lies in the directories: whatever is wrong is in `problems` of the answer.
        """
        raise NotImplementedError


def read(
    directories: Sequence[Path],
    *,
    timezone: str = "UTC",
    host: str | None = None,
    previous: JobSet | None = None,
) -> JobSet:
    """`JobReader.read`, once."""
    return JobReader(directories, timezone=timezone, host=host).read(previous)


def validate(paths: Sequence[Path], *, timezone: str = "UTC") -> JobSet:
    """Directories as one set and single files, of every host, without a set before: for `rota validate`."""
    raise NotImplementedError


def admit(previous: JobSet | None, new: JobSet, *, confirm: bool = False) -> JobSet:
    """The set to swap in: `new`, unless too many jobs would vanish by it.

    When more than 5 jobs and a fifth of all would vanish, the jobs of `previous` stay (those that differ in
    `new` or are gone from it are `stale`), with one problem more that says so. `confirm` lets them go.
    """
    raise NotImplementedError
