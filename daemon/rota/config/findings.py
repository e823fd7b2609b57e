"""What reading a job brings to light beside the job itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from rota.core.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A job names another one by its id; only the whole set shows whether that is right."""

    job: str
    place: Problem  # without words

    def problem(self, message: str, hint: str | None = None) -> Problem:
        """A problem at the place where the id is written."""
        return replace(self.place, message=message, hint=hint)


@dataclass(slots=True, kw_only=True)
class Findings:
    """Grows while a job is read.

    `calendars` are the files that were looked into, each with the key of what it said: when one says
    something else, the job must be read again.
    """

    problems: list[Problem] = field(default_factory=list)
    upstreams: list[Mention] = field(default_factory=list)  # jobs in `after`
    former: list[Mention] = field(default_factory=list)  # the id in `renamed_from`
    calendars: dict[Path, str] = field(default_factory=dict)
