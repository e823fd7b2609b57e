"""Warnings about jobs that are right but may surprise: what will probably not do what its writer thinks.

They depend on the day they are given on, so they are made from checked jobs and never stored with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from rota.core.model import JobSpec
from rota.core.problems import Problem

Usual = Mapping[str, timedelta]  # job -> how long its completed runs usually take


def advise(jobs: Mapping[str, JobSpec], now: datetime, usual: Usual | None = None) -> tuple[Problem, ...]:
    """All warnings about these jobs at that instant, in order of files and lines.

    `usual` comes from history where there is some. Never raises for checked jobs. To be asked again when the
    day changes: warnings name the next date on which something happens.
    """
    return ()
