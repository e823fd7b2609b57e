"""The runner over system calls of which one kills it: `crashing_runner.py CALL:N --state … --socket …`.

It dies right after that call returned for the N-th time since the first order came.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from rota.runner.__main__ import main
from rota.runner.system import System


class Crashing(System):
    """Dies after one call."""

    def __init__(self, call: str) -> None:
        super().__init__()
        self._call, _, times = call.partition(":")
        self._left = int(times)
        self._is_starting = False

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or not callable(found):
            return found
        # The runner's own directories are made before the first order is read.
        if name == "receive":
            object.__setattr__(self, "_is_starting", True)
        if name != super().__getattribute__("_call") or not super().__getattribute__("_is_starting"):
            return found
        return self._counting(found)

    def _counting(self, call: Any) -> Any:
        def count(*args: Any, **named: Any) -> Any:
            answer = call(*args, **named)
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return count


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], Crashing(sys.argv[1])))
