"""Jobs as values, without files."""

from __future__ import annotations

from typing import Any

from rota.core.model import MAIN, Command, Definition, JobSpec, Source, StepSpec


def a_job(
    job: str = "backup", *, steps: tuple[str, ...] = (), version: str = "1", **settings: Any
) -> JobSpec:
    """A job with the named steps, else with one piece of work; `version` tells two definitions apart."""
    return JobSpec(
        id=job,
        steps=tuple(a_step(step) for step in steps or (MAIN,)),
        source=Source(file=f"{job}.yaml", line=1, directory="/etc/rota/jobs.d"),
        definition=Definition(text=f'{{"id": "{job}", "version": "{version}"}}', hash=f"hash-{version}"),
        **settings,
    )


def a_step(step: str, share: int = 1) -> StepSpec:
    return StepSpec(id=step, work=Command(argv=("/bin/true", step)), share=share)
