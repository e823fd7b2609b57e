"""`python -m crash.dying_runner --state DIR --socket PATH`: the real runner, up to one of its calls."""

from __future__ import annotations

import os
import sys
from typing import Any, cast

from crash.dying import DIE_AT, Dying
from rota.runner.__main__ import main
from rota.runner.system import System

if __name__ == "__main__":
    dying: Any = Dying(System(), os.environ[DIE_AT])
    sys.exit(main(sys.argv[1:], cast(System, dying)))
