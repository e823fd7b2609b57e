"""Checking job files without a daemon: directories as sets, and single files as parts of theirs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from rota.config import defaults, jobfile
from rota.config.advice import advise
from rota.config.calendars import Calendars, NamedCalendar
from rota.config.defaults import Defaults
from rota.config.directory import content_of
from rota.config.folder import JobFile, file_at, is_left_out
from rota.config.jobset import JobReader
from rota.config.parse import Surroundings
from rota.core.model import JobSet, JobSpec
from rota.core.problems import DEFAULTS, Problem

_TOP = "jobs.d"  # by convention the folder that a set begins in


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What is known beside the files: `pools`, `calendars` and job `directories` are those of rota.yaml.

    None: names of pools and calendars can't be checked. With `now` there are warnings of `config.advice` too.
    """

    timezone: str = "UTC"
    pools: Mapping[str, int] | None = None
    calendars: Mapping[str, NamedCalendar] | None = None
    directories: tuple[Path, ...] = ()
    now: datetime | None = None


def validate(paths: Sequence[Path], frame: Frame | None = None) -> JobSet:
    """All directories as one set, and each file named by itself; the jobs of every host.

    A file of a job directory (one of the frame's, or a folder named jobs.d) is checked together with the
    whole of it, so that jobs that name each other are understood; only its own problems are told. Raises
    OSError when a path is not there.
    """
    frame = frame or Frame()
    for path in paths:
        path.stat()
    directories = [path for path in paths if path.is_dir()]
    sets = [_whole(directories, frame)] if directories else []
    by_set: dict[tuple[Path, ...], list[Path]] = {}
    for path in paths:
        if not path.is_dir():
            by_set.setdefault(_set_of(path, frame), []).append(path)
    for tops, files in by_set.items():
        sets.append(_inside(tops, files, frame) if tops else _alone(files, frame))
    return JobSet(
        jobs={job: spec for each in sets for job, spec in each.jobs.items()},
        problems=tuple(dict.fromkeys(problem for each in sets for problem in each.problems)),
        files=sum(each.files for each in sets),
    )


def _whole(directories: Sequence[Path], frame: Frame) -> JobSet:
    return _advised(JobReader(directories, _surroundings(frame)).read(), frame)


def _surroundings(frame: Frame) -> Surroundings:
    return Surroundings(timezone=frame.timezone, pools=frame.pools, calendars=Calendars(frame.calendars))


def _advised(found: JobSet, frame: Frame) -> JobSet:
    if frame.now is None:
        return found
    return replace(found, problems=(*found.problems, *advise(found.jobs, frame.now)))


def _set_of(file: Path, frame: Frame) -> tuple[Path, ...]:
    """The job directories that are read as one set with that file; none when it lies in no such directory."""
    absolute = _absolute(file)
    tops = [_absolute(each) for each in frame.directories]
    if any(top in absolute.parents for top in tops):
        top = next(top for top in tops if top in absolute.parents)
    else:
        found = [each for each in absolute.parents if each.name == _TOP]
        if not found:
            return ()
        top, tops = found[-1], [found[-1]]
    listed = not any(is_left_out(part) for part in absolute.relative_to(top).parts)
    return tuple(tops) if listed else ()


def _absolute(path: Path) -> Path:
    """Without `..`, and with links as they are: a file is named by the way it was come by."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _inside(tops: tuple[Path, ...], files: Sequence[Path], frame: Frame) -> JobSet:
    whole = _whole(tops, frame)
    shown = {str(each): name for file in files for each, name in _defaults_near(file, tops)}
    shown |= {str(_absolute(file)): str(file) for file in files}
    return JobSet(
        jobs={job: spec for job, spec in whole.jobs.items() if spec.source.path in shown},
        problems=tuple(
            replace(problem, file=shown[problem.file]) for problem in whole.problems if problem.file in shown
        ),
        files=len(files),
    )


def _defaults_near(file: Path, tops: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    """The files of defaults that concern that one, and what to call them."""
    absolute = _absolute(file)
    for folder in absolute.parents:
        for name in sorted(DEFAULTS):
            there = folder / name
            yield there, str(there) if file.is_absolute() else os.path.relpath(there)
        if folder in tops:
            return


def _alone(files: Sequence[Path], frame: Frame) -> JobSet:
    """Files that belong to no job directory: nobody can say here which other jobs there are."""
    surroundings = _surroundings(frame)
    problems: list[Problem] = []
    jobs: dict[str, JobSpec] = {}
    for file in files:
        jobs.update(_file(file, surroundings, problems))
    return _advised(JobSet(jobs=jobs, problems=tuple(problems), files=len(files)), frame)


def _file(path: Path, surroundings: Surroundings, problems: list[Problem]) -> dict[str, JobSpec]:
    file = file_at(path, path.parent, str(path))
    used = _defaults_above(path, problems)
    if path.name in DEFAULTS:
        return {}
    content = content_of(file)
    if isinstance(content, Problem):
        problems.append(content)
        return {}
    outcome = jobfile.read(content, file, used, surroundings)
    problems += outcome.problems
    return {claim.job: claim.spec for claim in outcome.claims if claim.spec is not None}


def _defaults_above(path: Path, problems: list[Problem]) -> Defaults:
    """Those of the file's folder and the folders around it, up to the one of the repository."""
    used = defaults.NONE
    for file in _defaults_files(path):
        content = content_of(file)
        if isinstance(content, Problem):
            problems.append(content)
            continue
        used = defaults.read(content, file.shown, used)
        problems += used.problems
    return used


def _defaults_files(path: Path) -> list[JobFile]:
    """Outer ones first."""
    folder = path.absolute().parent
    chain = [folder, *folder.parents]
    tops = [index for index, each in enumerate(chain) if (each / ".git").exists()]
    inside = chain[: tops[0] + 1] if tops else chain[:1]
    shown = {folder: path.parent}
    candidates = [each / name for each in reversed(inside) for name in sorted(DEFAULTS)]
    return [
        file_at(each, each.parent, str(shown.get(each.parent, each.parent) / each.name))
        for each in candidates
        if each.is_file()
    ]
