"""The `rota` program itself, as jobs find it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def own_command() -> str:
    """Beside the interpreter that runs this, else on the PATH; "" when there is none."""
    beside = Path(sys.executable).parent / "rota"
    return str(beside) if beside.exists() else shutil.which("rota") or ""
