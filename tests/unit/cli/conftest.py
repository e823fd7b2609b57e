"""`rota` in this process, and the daemon that it asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

import pytest
from click.testing import CliRunner, Result

from fakes.command_line import NOW, Rota
from fakes.daemon import ScriptedDaemon
from rota.cli.main import rota
from rota.cli.outside import Outside


@pytest.fixture
def daemon() -> ScriptedDaemon:
    return ScriptedDaemon()


@pytest.fixture
def run_rota(daemon: ScriptedDaemon) -> Rota:
    def invoke(*words: str, wait: Callable[[float], None] = lambda seconds: None) -> Result:
        world = Outside(connect=lambda path: daemon, now=lambda: NOW, wait=wait, zone=UTC)
        return CliRunner().invoke(rota, words, obj=world)

    return invoke
