"""All job directories read as one set.

A directory that comes later overrides ids of earlier ones. Within one directory an id is unique: when two
files hold it, the one that held it before keeps it. What is broken keeps its last good version.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from rota.config.directory import Directory, Reading
from rota.config.folder import JobFile
from rota.config.jobfile import Claim, job_id_of
from rota.config.parse import Surroundings
from rota.config.relations import Refusals, circles, unknown_upstreams, wrong_renames
from rota.config.revision import Asking, Revision
from rota.core.model import JobSet, JobSpec
from rota.core.problems import Problem

Held = Mapping[str, Sequence[tuple[JobFile, Claim]]]


class JobReader:
    """Reads the same directories again and again; files that did not change are not parsed again."""

    def __init__(self, directories: Sequence[Path], surroundings: Surroundings | None = None) -> None:
        """Without `surroundings` the jobs of every host, in UTC, and any pool and calendar."""
        self._surroundings = surroundings or Surroundings()
        self._directories = [Directory(path, self._surroundings) for path in directories]

    def read(self, previous: JobSet | None = None) -> JobSet:
        """The set as it is on disk now; what is broken keeps its last good version from `previous`.

        Never raises for what lies in the directories: whatever is wrong is in `problems` of the answer.
        """
        self._surroundings.calendars.look_again()
        union = _Union(previous or JobSet())
        with _without_collector():
            for directory in self._directories:
                asking = Asking(directory.path)
                union.add(directory.read(), asking.answer())
            union.relate()
            return union.jobset()


def read(
    directories: Sequence[Path],
    *,
    timezone: str = "UTC",
    host: str | None = None,
    previous: JobSet | None = None,
) -> JobSet:
    """`JobReader.read`, once."""
    return JobReader(directories, Surroundings(timezone=timezone, host=host)).read(previous)


@contextmanager
def _without_collector() -> Iterator[None]:
    """What is read has no circles: looking for some among all that grows takes a tenth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Union:
    """Grows directory by directory."""

    def __init__(self, previous: JobSet) -> None:
        self._previous = previous.jobs
        self._jobs: dict[str, JobSpec] = {}
        self._stale: set[str] = set()
        self._claims: dict[str, Claim] = {}  # of jobs that are in force as their files say now
        self._known: set[str] = set()  # every id that some file holds, for any host and however broken
        self._matrices: set[str] = set()
        self._problems: list[Problem] = []
        self._files = 0

    def jobset(self) -> JobSet:
        return JobSet(
            jobs={job: self._jobs[job] for job in sorted(self._jobs)},
            problems=tuple(dict.fromkeys(self._problems)),
            stale=frozenset(self._stale),
            files=self._files,
        )

    def add(self, reading: Reading, revision: Revision) -> None:
        self._problems += reading.problems
        self._files += len(reading.outcomes)
        held: dict[str, list[tuple[JobFile, Claim]]] = {}
        for file, outcome in reading.outcomes:
            self._problems += outcome.problems
            for claim in outcome.claims:
                held.setdefault(claim.job, []).append((file, claim))
            if not outcome.readable:
                self._keep(self._unreadable_jobs(file))
        self._settle(held, revision)
        for folder in reading.unreadable:
            self._keep(job for job, spec in self._previous.items() if _is_below(spec, folder))

    def relate(self) -> None:
        """All directories are read: what jobs say of each other is checked."""
        self._refuse(unknown_upstreams(self._claims, self._known, self._matrices))
        self._refuse(wrong_renames(self._claims, self._known))
        # The last good version of a job can lie in another circle.
        while self._refuse(circles(self._claims, self._jobs)):
            pass

    def _refuse(self, refusals: Refusals) -> bool:
        refused = list(refusals)
        self._problems += [problem for _, problem in refused]
        self._keep(dict.fromkeys(job for job, _ in refused))
        return bool(refused)

    def _settle(self, held: Held, revision: Revision) -> None:
        for job, claims in held.items():
            self._matrices.update(claim.variant_of for _, claim in claims if claim.variant_of)
            if len(claims) > 1:
                self._settle_doubled(job, claims, revision)
            else:
                self._take(job, claims[0][1], revision)

    def _settle_doubled(self, job: str, claims: Sequence[tuple[JobFile, Claim]], revision: Revision) -> None:
        self._problems += _doubled(job, claims)
        owner = self._previous.get(job)
        mine = [claim for file, claim in claims if owner is not None and _identity(file) == _origin(owner)]
        if len(mine) == 1:
            self._take(job, mine[0], revision)
        else:
            self._keep([job])

    def _take(self, job: str, claim: Claim, revision: Revision) -> None:
        if claim.spec is None and claim.is_here:
            self._keep([job])
            return
        if job in self._known:  # of a directory that this one overrides
            self._drop(job)
        self._known.add(job)
        if claim.spec is not None and claim.is_here:
            self._claims[job] = claim
            self._jobs[job] = self._as_before(claim.spec, revision)

    def _as_before(self, spec: JobSpec, revision: Revision) -> JobSpec:
        """The very object in force when nothing differs: whoever holds it sees that nothing changed."""
        before = self._previous.get(spec.id)
        at = (revision.commit, bool(revision.changed) and revision.is_dirty(spec.source.path))
        if before is not None and before.definition is spec.definition and _stand(before) == at:
            return before  # of the same parse: there is nothing to compare
        if _stand(spec) != at:
            spec = replace(spec, source=replace(spec.source, commit=at[0], dirty=at[1]))
        if before is None:
            return spec
        # Lines that moved are no difference of the job, but warnings must find them.
        return before if before == spec and before.source.spots == spec.source.spots else spec

    def _keep(self, jobs: Iterable[str]) -> None:
        """The last good versions, or nothing where there is none: a broken job hides one it overrides."""
        for job in jobs:
            self._drop(job)
            self._known.add(job)
            if job in self._previous:
                self._jobs[job] = self._previous[job]
                self._stale.add(job)

    def _drop(self, job: str) -> None:
        self._jobs.pop(job, None)
        self._claims.pop(job, None)
        self._stale.discard(job)

    @cached_property
    def _held_before(self) -> Mapping[tuple[str, str], Sequence[str]]:
        return _by_file(self._previous)

    def _unreadable_jobs(self, file: JobFile) -> Sequence[str]:
        return self._held_before.get(_identity(file)) or [job_id_of(file)]


def _stand(spec: JobSpec) -> tuple[str | None, bool]:
    return spec.source.commit, spec.source.dirty


def _doubled(job: str, claims: Sequence[tuple[JobFile, Claim]]) -> Iterator[Problem]:
    for file, claim in claims:
        others = [f"{other.place.file}:{other.place.line}" for _, other in claims if other is not claim]
        yield Problem(
            file=file.shown,
            line=claim.place.line,
            column=claim.place.column,
            message=f'the id "{job}" is used twice: also in {", ".join(others)}',
            hint="ids are unique over all files of a directory",
            rule="duplicate-id",
        )


def _by_file(jobs: Mapping[str, JobSpec]) -> dict[tuple[str, str], list[str]]:
    held: dict[tuple[str, str], list[str]] = {}
    for job, spec in jobs.items():
        held.setdefault(_origin(spec), []).append(job)
    return held


def _identity(file: JobFile) -> tuple[str, str]:
    return file.folder, file.name


def _origin(spec: JobSpec) -> tuple[str, str]:
    """The file that a job came from, as folder and name."""
    return spec.source.directory, spec.source.file.rpartition("/")[2]


def _is_below(spec: JobSpec, folder: str) -> bool:
    directory = spec.source.directory
    return directory == folder or directory.startswith(folder.rstrip("/") + "/")
