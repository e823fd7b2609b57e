"""What tests of importers share: the jobs that are made of foreign texts, as rota itself reads them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from rota.config.validation import validate
from rota.core.model import JobSpec
from rota.importing.found import Found
from rota.importing.jobtext import job_files


def texts_of(found: Found) -> dict[str, str]:
    """The YAML of every job by its id."""
    return {file.id: file.text for file in job_files(found, "test")}


def jobs_of(found: Found) -> dict[str, JobSpec]:
    """The jobs, each having stood the real check; a problem in one fails the test."""
    texts = texts_of(found)
    with TemporaryDirectory() as folder:
        for job, text in texts.items():
            (Path(folder) / f"{job}.yaml").write_text(text, encoding="utf-8")
        result = validate([Path(folder)])
    errors = [str(problem) for problem in result.problems if problem.severity == "error"]
    assert errors == [], "\n".join([*errors, *texts.values()])
    return dict(result.jobs)
