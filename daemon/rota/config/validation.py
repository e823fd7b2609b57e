"""Checking job files without a daemon: directories as sets, and single files with the defaults above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rota.config import defaults, jobfile
from rota.config.calendars import Calendars, NamedCalendar
from rota.config.defaults import Defaults
from rota.config.directory import content_of
from rota.config.folder import JobFile, file_at
from rota.config.jobset import JobReader
from rota.config.parse import Surroundings
from rota.core.model import JobSet, JobSpec
from rota.core.problems import DEFAULTS, Problem

_TOP = "jobs.d"  # by convention the folder that a set begins in


def validate(
    paths: Sequence[Path],
    *,
    timezone: str = "UTC",
    pools: Mapping[str, int] | None = None,
    calendars: Mapping[str, NamedCalendar] | None = None,
) -> JobSet:
    """All directories as one set, and each file named by itself; the jobs of every host.

    `pools` and `calendars` are those of rota.yaml; None: names of pools and calendars can't be checked.
    Raises OSError when a path is not there.
    """
    surroundings = Surroundings(timezone=timezone, pools=pools, calendars=Calendars(calendars))
    for path in paths:
        path.stat()
    directories = [path for path in paths if path.is_dir()]
    whole = JobReader(directories, surroundings).read()
    jobs, problems = dict(whole.jobs), list(whole.problems)
    files = [path for path in paths if not path.is_dir()]
    for path in files:
        found = _file(path, surroundings, problems)
        jobs.update(found)
    return JobSet(jobs=jobs, problems=tuple(dict.fromkeys(problems)), files=whole.files + len(files))


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
    """Those of the file's folder and the folders around it, up to the one named jobs.d or the repository."""
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
    tops = [index for index, each in enumerate(chain) if each.name == _TOP or (each / ".git").exists()]
    inside = chain[: tops[0] + 1] if tops else chain[:1]
    shown = {folder: path.parent}
    candidates = [each / name for each in reversed(inside) for name in sorted(DEFAULTS)]
    return [
        file_at(each, each.parent, str(shown.get(each.parent, each.parent) / each.name))
        for each in candidates
        if each.is_file()
    ]
