"""The web over fakes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fakes.web import Client, WebWorld, a_client


@pytest.fixture
def world() -> WebWorld:
    return WebWorld()


@pytest.fixture
async def client(world: WebWorld) -> AsyncIterator[Client]:
    browser = await a_client(world)
    yield browser
    await browser.close()
