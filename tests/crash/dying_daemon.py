"""`python -m crash.dying_daemon serve …`: the real daemon with a store or runner that it does not survive."""

from __future__ import annotations

import os
import sys
from typing import Any

from crash.dying import DIE_AT, Dying
from rota.app import Wiring, serve
from serve_words import given_options


def main() -> int:
    side, _, point = os.environ[DIE_AT].partition(".")

    def dying(target: Any) -> Any:
        return Dying(target, point)

    return serve(given_options(), Wiring(store=dying) if side == "store" else Wiring(runner=dying))


if __name__ == "__main__":
    sys.exit(main())
