"""From the bytes of a job file all the way to due instants and warnings, as the daemon goes it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from rota.config.advice import advise
from rota.config.jobset import read
from rota.core.model import JobSet
from rota.core.schedule import next_due, next_owed
from rota.core.words import schedule_in_words

SHOWN = 3


def load_whole(folder: Path, content: bytes, now: datetime) -> JobSet:
    """The set of that one file; the caller's test is that nothing is raised."""
    (folder / "job.yaml").write_bytes(content)
    found = read([folder], timezone="Europe/Berlin", host="db1")
    for spec in found.jobs.values():
        next_due(spec.id, spec.triggers, now, SHOWN)
        next_owed(spec.id, spec.triggers, now, SHOWN)
        schedule_in_words(spec.triggers, spec.id)
    problems = (*found.problems, *advise(found.jobs, now))
    assert found.problems or found.jobs or b"hosts" in content
    assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in problems)
    return found
