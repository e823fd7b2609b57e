"""How long a job's runs and their logs stay: what rota.yaml says of all jobs, and what a job says itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from rota.core.model import JobSpec, Limits, Retention
from rota.core.words import counted, length_in_words

ATTEMPT_BYTES = 28 * 1024  # what an attempt takes on a disk beside its log: directories and small files


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What stays of one job, complete. Numbers of runs count its newest ones; None: no limit."""

    rows: timedelta = timedelta(days=90)
    runs: int = 100  # these stay whatever their age
    max_runs: int | None = None  # no more than these stay, however young
    logs: timedelta = timedelta(days=30)
    failed_logs: timedelta = timedelta(days=90)
    max_logs: int | None = None  # no more than these keep their logs
    output: int = Limits().output  # bytes that the log of one attempt takes at most

    @property
    def least(self) -> int:
        """So many newest runs stay whatever their age; never more than may stay at all."""
        return self.runs if self.max_runs is None else min(self.runs, self.max_runs)

    @property
    def first_age(self) -> timedelta:
        """Younger logs go for their number only."""
        return min(self.logs, self.failed_logs)

    def over(self, own: Retention) -> Kept:
        """The same where the job says nothing itself."""
        said = {name: getattr(own, name) for name in Retention.__slots__}
        return replace(self, **{name: value for name, value in said.items() if value is not None})

    def of(self, spec: JobSpec) -> Kept:
        """For that job."""
        if spec.retention == Retention() and spec.limits.output == self.output:
            return self
        return replace(self.over(spec.retention), output=spec.limits.output)


def in_words(own: Retention) -> str:
    """What a job says of its own runs, such as "runs 365 days, logs 7 days"; empty when it says nothing."""
    lengths = (("runs", own.rows), ("logs", own.logs), ("logs of failed runs", own.failed_logs))
    parts = [f"{what} {length_in_words(length)}" for what, length in lengths if length is not None]
    parts += [f"the newest {counted(own.runs, 'run')} in any case"] if own.runs is not None else []
    parts += [f"no more than {counted(own.max_runs, 'run')}"] if own.max_runs is not None else []
    parts += [f"logs of no more than {counted(own.max_logs, 'run')}"] if own.max_logs is not None else []
    return ", ".join(parts)


def log_limit(disk: int, size: int, share: float) -> int:
    """Bytes that all logs may take together on a disk of that many bytes."""
    return min(size, int(disk * share))
