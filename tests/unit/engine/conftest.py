"""An engine with one job, `backup`, where a file says nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fakes.engine import FakeEngine
from fakes.jobs import a_job


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    async with FakeEngine(a_job()) as engine:
        yield engine
