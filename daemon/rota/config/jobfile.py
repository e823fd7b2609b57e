"""One job file: which jobs it claims, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from rota.config import yaml12
from rota.config.checker import Shape, checker
from rota.config.defaults import Defaults, applied
from rota.config.findings import Mention
from rota.config.folder import JobFile
from rota.config.matrix import has_matrix, variants
from rota.config.parse import Surroundings, parse
from rota.config.part import Part, in_order
from rota.config.places import Data, Place
from rota.config.repair import repair
from rota.config.schemas import load
from rota.config.wording import explain
from rota.core.model import JobSpec, Source
from rota.core.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A file says that it holds this job. `spec` is None when the job is broken.

    `variant_of` is the id that the file's `matrix` was added to; `upstreams` and `former` name other jobs.
    """

    job: str
    place: Place
    spec: JobSpec | None = None
    is_here: bool = True
    variant_of: str | None = None
    upstreams: tuple[Mention, ...] = ()
    former: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Not `readable`: nobody can say which jobs the file holds now.

    `calendars` are files that the jobs depend on, each with the key of what it said.
    """

    claims: tuple[Claim, ...] = ()
    problems: tuple[Problem, ...] = ()
    readable: bool = True
    calendars: Mapping[Path, str] = field(default_factory=dict)


def read(content: bytes, file: JobFile, defaults: Defaults, surroundings: Surroundings) -> Outcome:
    """Check every job of the file. Never raises."""
    document = yaml12.read(content, file.shown)
    if not document.readable:
        return Outcome(problems=document.problems, readable=False)
    reader = _Reader(document, file, defaults, surroundings)
    data = document.data
    if data is None:
        reader.note("the file is empty: expected a job", "a job needs at least `run: …`")
    elif isinstance(data, dict) and "jobs" in data:
        reader.several(data)
    else:
        reader.one(data)
    return Outcome(
        claims=tuple(reader.claims),
        problems=in_order(reader.problems),
        readable=reader.readable,
        calendars=reader.calendars,
    )


def job_id_of(file: JobFile) -> str:
    """The id that the file's name stands for."""
    return file.name.rpartition(".")[0]


def is_job_id(text: str) -> bool:
    """Whether it can be the id of a job."""
    return _job_id().fullmatch(text) is not None


@cache
def _job_id() -> re.Pattern[str]:
    return re.compile(load("job")["$defs"]["jobId"]["pattern"])


class _Reader:
    def __init__(
        self, document: yaml12.Document, file: JobFile, defaults: Defaults, surroundings: Surroundings
    ) -> None:
        self.claims: list[Claim] = []
        self.problems: list[Problem] = list(document.problems)
        self.readable = True
        self.calendars: dict[Path, str] = {}
        self._file, self._defaults, self._surroundings = file, defaults, surroundings
        self._sound = not document.problems
        self._places = document.places.joined(defaults.places) if defaults.data else document.places

    def note(self, message: str, hint: str | None = None) -> None:
        problem = Part(data=None, places=self._places).problem((), message, hint)
        self.problems.append(problem.of_rule("no-job"))

    def one(self, data: Data) -> None:
        """The file is one job."""
        job = job_id_of(self._file)
        if is_job_id(job):
            self._job(job, Part(data=data, places=self._places))
            return
        self.readable = False
        expected = "a job id of at most 63 lower-case letters, digits and dashes"
        hint = repair(job, expected)
        self.note(f"the file's name is the job's id: expected {expected}, got \"{job}\"", hint)

    def several(self, data: dict[str, Data]) -> None:
        """The file is a map of jobs."""
        whole = Part(data=data, places=self._places)
        self.problems += explain(checker(Shape.JOBS_FILE).iter_errors(data), whole)
        jobs = data["jobs"]
        if not isinstance(jobs, dict):
            self.readable = False
            return
        for job, raw in jobs.items():
            start = self._places.of(jobs).get(job, self._places.start)
            if is_job_id(job):
                places = self._places.beginning_at(start)
                self._job(job, Part(data=raw, places=places, prefix=("jobs", job)))

    def _job(self, job: str, part: Part) -> None:
        place = part.places.key(None, ())
        if self._defaults.broken:
            self.problems += explain(checker(Shape.DEFAULTS).iter_errors(part.data), part, partial=True)
            self.claims.append(Claim(job=job, place=place))
            self.readable = self.readable and not has_matrix(part.data)
            return
        if isinstance(part.data, dict) and self._defaults.data:
            data = applied(self._defaults, part.data, part.places)
            part = Part(data=data, places=part.places, prefix=part.prefix)
        if not has_matrix(part.data):
            self._parse(job, part, place)
            return
        made = variants(job, part, self.problems)
        if not made:
            self.readable = False
            self.problems += parse(job, part, self._source(place), self._surroundings).problems
        for variant in made:
            self._parse(variant.job, variant.part, place, variant_of=job)

    def _source(self, place: Place) -> Source:
        return Source(
            file=self._file.relative,
            line=place.line,
            directory=self._file.folder,
            writable=self._file.writable or self._defaults.writable,
        )

    def _parse(self, job: str, part: Part, place: Place, *, variant_of: str | None = None) -> None:
        parsed = parse(job, part, self._source(place), self._surroundings)
        self.problems += parsed.problems
        self.calendars.update(parsed.calendars)
        self.claims.append(
            Claim(
                job=job,
                place=place,
                spec=parsed.spec if self._sound else None,
                is_here=parsed.is_here,
                variant_of=variant_of,
                upstreams=parsed.upstreams,
                former=parsed.former,
            )
        )
