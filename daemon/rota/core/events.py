"""What is announced on the bus, always after what it tells has been stored.

`RunProgressed`, `LogAppended` and some of `ChildChanged` are volatile: announced at once, stored later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rota.core.log_page import LogLine
from rota.core.model import JobSet
from rota.core.run import Run
from rota.core.seams import AttemptRef


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChanged:
    """A run began, moved on or ended."""

    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgressed:
    """Progress, a text or an output of an active run."""

    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildChanged:
    """A child of a batch began, moved on, ended or told how far it is.

    Its parent's counts come as RunProgressed, so that who follows a job need not hear of each child.
    """

    run: Run
    stored: bool = True  # False: progress, a text or an output, stored later


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAppended:
    """Lines of an attempt, hidden ones left out; `end` when no more will come."""

    ref: AttemptRef
    lines: Sequence[LogLine]
    end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsLoaded:
    """The job directories were read: the whole set that is in force now."""

    jobs: JobSet


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChanged:
    """Something beside its runs changed for one job: paused, resumed, another next due instant."""

    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChanged:
    """A part of the daemon became well or unwell; `key` as in `core.board.HealthItem`."""

    key: str


Event = RunChanged | RunProgressed | ChildChanged | LogAppended | JobsLoaded | JobChanged | HealthChanged
