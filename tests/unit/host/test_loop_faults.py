from __future__ import annotations

import asyncio
import errno

import pytest
from structlog.testing import capture_logs

from fakes.clock import FakeClock
from rota.host.loop_faults import LoopFaults

NO_ROOM = {
    "message": "socket.accept() out of system resource",
    "exception": OSError(errno.EMFILE, "Too many open files"),
}


async def test_that_nobody_can_be_let_in_is_told_once_a_minute() -> None:
    clock = FakeClock()
    faults, loop = LoopFaults(clock), asyncio.get_running_loop()

    with capture_logs() as told:
        for _ in range(100):
            faults(loop, NO_ROOM)
        await clock.advance(60)
        faults(loop, NO_ROOM)

    assert [line["event"] for line in told] == ["web.not_accepting"] * 2
    assert "Too many open files" in told[0]["error"]


async def test_other_faults_are_told_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(LoopFaults(FakeClock()))
    monkeypatch.setattr(loop, "default_exception_handler", told.append)

    loop.call_exception_handler({"message": "something else"})

    assert told == [{"message": "something else"}]
