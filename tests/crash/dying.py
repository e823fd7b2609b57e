"""Something that dies by SIGKILL at one chosen call: `METHOD:before:3` is before its third call of METHOD."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

DIE_AT = "ROTA_TEST_DIE_AT"


class Dying:
    """Stands in front of `target` and passes every call on, but for the one at which the process dies."""

    def __init__(self, target: Any, point: str) -> None:
        self._target = target
        self._method, self._side, nth = point.split(":")
        self._left = int(nth)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if name != self._method:
            return found
        return self._awaited(found) if _is_async(found) else self._called(found)

    def _awaited(self, found: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            left = self._left = self._left - 1
            self._die_if("before", left)
            answer = await found(*args, **kwargs)
            self._die_if("after", left)
            return answer

        return call

    def _called(self, found: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            left = self._left = self._left - 1
            self._die_if("before", left)
            answer = found(*args, **kwargs)
            self._die_if("after", left)
            return answer

        return call

    def _die_if(self, side: str, left: int) -> None:
        if left == 0 and self._side == side:  # of this very call: others may have begun meanwhile
            os.kill(os.getpid(), signal.SIGKILL)


def _is_async(found: Any) -> bool:
    return bool(getattr(getattr(found, "__code__", None), "co_flags", 0) & 0x80)
