"""`GET /ws/jobs/{job}`: the progress of one job as plain events, for scripts and other pages."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from rota.core.events import Event, RunChanged, RunProgressed
from rota.core.instant import optional_ms, to_ms
from rota.core.run import Run, StepState
from rota.web.answers import to_json
from rota.web.guard import require_origin
from rota.web.services import SERVICES

WAITING = 256  # events; a slower reader loses the oldest, each event tells the whole state


async def follow_job(request: web.Request) -> web.WebSocketResponse:
    require_origin(request)
    services = request.app[SERVICES]
    job = request.match_info["job"]
    entry = services.board.entry(job)
    socket = web.WebSocketResponse(heartbeat=20.0, compress=False, max_msg_size=4096)
    await socket.prepare(request)
    follower = _Follower(job)
    request.app[FOLLOWERS].add(follower)
    unsubscribe = services.bus.subscribe(follower.notice)
    for run in entry.open_runs.values():
        follower.tell(run)
    writer = asyncio.ensure_future(follower.write(socket))
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                follower.answer(message.data, to_ms(services.clock.now()))
    finally:
        unsubscribe()
        request.app[FOLLOWERS].discard(follower)
        writer.cancel()
    return socket


def event_shape(run: Run) -> dict[str, Any]:
    """What one event says: the whole of where the run is."""
    running = [step.key for step in run.steps if step.state is StepState.RUNNING]
    return {
        "job": run.job,
        "run": run.id,
        "status": run.state.value,
        "reason": run.reason.value if run.reason else None,
        "message": run.message,
        "current": run.progress.current,
        "total": run.progress.total,
        "percent": run.progress.percent,
        "text": run.progress.text,
        "step": running[0] if running else None,
        "running": running,
        "attempt": run.attempt,
        "startedAt": optional_ms(run.started_at),
        "endedAt": optional_ms(run.ended_at),
    }


class _Follower:
    """What waits for one reader."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._waiting: deque[str] = deque(maxlen=WAITING)
        self._wake = asyncio.Event()
        self._stopped = False

    def notice(self, event: Event) -> None:
        if isinstance(event, RunChanged | RunProgressed) and event.run.job == self._job:
            self.tell(event.run)

    def tell(self, run: Run) -> None:
        self._send(to_json(event_shape(run)))

    def answer(self, text: str, now_ms: int) -> None:
        """`ping`, alone or as `{"t": "ping"}`, is answered in the same form; all else is passed over."""
        if text.strip() == "ping":
            self._send("pong")
            return
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):  # the latter: nested too deep
            return
        if isinstance(frame, dict) and frame.get("t") == "ping":
            self._send(to_json({"t": "pong", "n": frame.get("n"), "now": now_ms}))

    def stop(self) -> None:
        """The daemon ends."""
        self._stopped = True
        self._wake.set()

    async def write(self, socket: web.WebSocketResponse) -> None:
        while not self._stopped:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                try:
                    await socket.send_str(self._waiting.popleft())
                except ConnectionError:
                    return  # gone: the reader's loop notices too
        await socket.close(code=WSCloseCode.SERVICE_RESTART, message=b"the daemon ends")

    def _send(self, text: str) -> None:
        self._waiting.append(text)
        self._wake.set()


class Followers(set[_Follower]):
    """Everyone on `/ws/jobs/…`."""

    def stop(self) -> None:
        for follower in tuple(self):
            follower.stop()


FOLLOWERS = web.AppKey("followers", Followers)
