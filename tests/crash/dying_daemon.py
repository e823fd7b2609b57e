"""`python -m crash.dying_daemon serve …`: the real daemon with a store or runner that it does not survive."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from crash.dying import DIE_AT, Dying
from rota.app import ServeOptions, Wiring, serve


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("jobs", type=Path)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--listen")
    parser.add_argument("--log")
    given = parser.parse_args()
    options = ServeOptions(jobs_dirs=(given.jobs,), state=given.state, listen=given.listen, log=given.log)
    side, _, point = os.environ[DIE_AT].partition(".")

    def dying(target: Any) -> Any:
        return Dying(target, point)

    return serve(options, Wiring(store=dying) if side == "store" else Wiring(runner=dying))


if __name__ == "__main__":
    sys.exit(main())
