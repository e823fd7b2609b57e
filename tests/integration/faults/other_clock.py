"""Daemon and runner by a wall clock that is wrong: by as many seconds as the file of ROTA_TEST_CLOCK says."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import rota.process.launch
from rota.app import Wiring, serve
from rota.engine.clock import SystemClock
from rota.runner.__main__ import main as run_runner
from rota.runner.system import System
from serve_words import given_options


def wrong_by() -> timedelta:
    return timedelta(seconds=int(Path(os.environ["ROTA_TEST_CLOCK"]).read_text()))


class WrongClock(SystemClock):
    def now(self) -> datetime:
        return super().now() + wrong_by()


class WrongSystem(System):
    def now_ms(self) -> int:
        return super().now_ms() + wrong_by() // timedelta(milliseconds=1)


def own_runner(command: Sequence[str]) -> list[str]:
    """This module in the runner's place."""
    return [sys.executable, "-m", "integration.faults.other_clock", "runner", *command[3:]]


def main() -> int:
    if sys.argv[1] == "runner":
        return run_runner(sys.argv[2:], WrongSystem())
    setattr(rota.process.launch, "as_before", own_runner)  # noqa: B010  it is not the module's own
    return serve(given_options(), Wiring(clock=WrongClock()))


if __name__ == "__main__":
    sys.exit(main())
