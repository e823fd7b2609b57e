"""`GET /api/v1/live`: the WebSocket of the live protocol (docs/protocol.md)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from rota.core.errors import NotFound
from rota.core.instant import to_ms
from rota.core.log_page import LogPage
from rota.web import frames
from rota.web.frames import Position
from rota.web.guard import require_origin
from rota.web.hub import HUB
from rota.web.live_client import TOPICS, LiveClient
from rota.web.run_source import attempt_of, end_of_log, find_run, page_of_log
from rota.web.services import SERVICES, Services
from rota.web.topic_names import LogTopic, parse
from rota_catalog.catalog import load

HELLO_SECONDS = 10.0
SEND_SECONDS = 30.0
FRAME_BYTES = 64 * 1024
FRAMES_PER_SECOND = 20

NO_HELLO = 4000
TOO_SLOW = 4008
FULL = 4009
MALFORMED = 4100
VERSION_UNKNOWN = 4106

_log = structlog.get_logger(__name__)


class ProtocolError(Exception):
    """The client breaks the protocol: the connection ends with this close code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


async def live(request: web.Request) -> web.WebSocketResponse:
    require_origin(request)
    socket = web.WebSocketResponse(
        heartbeat=20.0, compress=False, max_msg_size=FRAME_BYTES, protocols=(frames.SUBPROTOCOL,)
    )
    await socket.prepare(request)
    hub = request.app[HUB]
    if hub.is_full:
        await socket.close(code=FULL, message=b"30")
        return socket
    await _Connection(request, socket).serve()
    return socket


class _Connection:
    """One open WebSocket: a reader here, a writer as a task beside it."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._request = request
        self._socket = socket
        self._services = request.app[SERVICES]
        self._hub = request.app[HUB]
        self._client = LiveClient(self._hub, _log_reader(self._services), self._services.clock.monotonic)
        self._greeted = False
        self._allowance = float(FRAMES_PER_SECOND)
        self._counted_at = self._services.clock.monotonic()
        self._answers: Mapping[str, Callable[[dict[str, Any]], Awaitable[None]]] = {
            "sub": self._sub,
            "unsub": self._unsub,
            "rate": self._rate,
            "ping": self._ping,
            "report": self._report,
        }

    async def serve(self) -> None:
        """Until the client leaves, breaks the protocol or is too slow, or the daemon ends."""
        self._hub.join(self._client)
        writer = asyncio.ensure_future(self._write())
        try:
            await self._read()
        except ProtocolError as error:
            await self._socket.close(code=error.code, message=error.message.encode()[:120])
        finally:
            self._hub.leave(self._client)
            writer.cancel()

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                await self._take(await self._socket.receive())
        except TimeoutError:
            raise ProtocolError(NO_HELLO, "no hello in time") from None
        async for message in self._socket:
            await self._take(message)

    async def _take(self, message: Any) -> None:
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
            return
        if message.type is not WSMsgType.TEXT:
            raise ProtocolError(MALFORMED, "frames are text")
        self._count_frame()
        frame = _decode(message.data)
        if not self._greeted:
            self._hello(frame)
            return
        answer = self._answers.get(str(frame.get("t")))
        if answer is None:
            self._client.send(frames.error("unknown", f"no frame {frame.get('t')!r} is known"))
            return
        await answer(frame)

    def _count_frame(self) -> None:
        now = self._services.clock.monotonic()
        self._allowance = min(
            FRAMES_PER_SECOND, self._allowance + (now - self._counted_at) * FRAMES_PER_SECOND
        )
        self._counted_at = now
        self._allowance -= 1
        if self._allowance < -FRAMES_PER_SECOND:
            raise ProtocolError(MALFORMED, "too many frames")

    def _hello(self, frame: dict[str, Any]) -> None:
        if frame.get("t") != "hello":
            raise ProtocolError(MALFORMED, "the first frame is hello")
        if frame.get("v") != frames.VERSION:
            raise ProtocolError(VERSION_UNKNOWN, f"version {frames.VERSION} is spoken here")
        self._greeted = True
        wants = frame.get("want")
        if isinstance(wants, list) and "say" in wants:
            self._client.want_say()
        services = self._services
        catalog = {"id": load().id, "version": load().version}
        text = frames.hello(
            epoch=services.epoch, now=to_ms(services.clock.now()), server=services.version, catalog=catalog
        )
        self._client.send(text)

    async def _sub(self, frame: dict[str, Any]) -> None:
        given = frame.get("topic")
        try:
            topic = parse(given if isinstance(given, str) else "")
            name = str(topic)
            if name not in self._client.topics and len(self._client.topics) >= TOPICS:
                self._client.send(frames.error("too-many", f"at most {TOPICS} topics", name))
            elif isinstance(topic, LogTopic):
                await self._follow(topic, frame.get("from"))
            else:
                live = await self._hub.topic(topic)
                self._client.drop(name)
                self._client.watch(live, _position(frame.get("from")))
        except ValueError as error:
            self._client.send(frames.error("topic", str(error), str(given)))
        except NotFound as error:
            self._client.send(frames.gone(str(given), error.message))
        except Exception as error:
            _log.exception("web.subscription_failed", topic=str(given), error=str(error))
            self._client.send(frames.error("internal", "this topic can't be had now", str(given)))

    async def _follow(self, topic: LogTopic, start: object) -> None:
        run = await find_run(self._services, f"{topic.job}.{topic.number}")
        if attempt_of(run, topic.step, topic.attempt) is None:
            raise NotFound(f"{run.id} has no such attempt.")
        line = start.get("line") if isinstance(start, dict) else None
        self._client.drop(str(topic))
        self._client.follow(topic, line if isinstance(line, int) and line >= 0 else None)

    async def _unsub(self, frame: dict[str, Any]) -> None:
        self._client.drop(str(frame.get("topic")))

    async def _rate(self, frame: dict[str, Any]) -> None:
        mode = frame.get("mode")
        if mode == "live" or mode == "slow" or mode == "paused":
            self._client.rate(mode)
        else:
            self._client.send(frames.error("mode", "mode is live, slow or paused"))

    async def _ping(self, frame: dict[str, Any]) -> None:
        self._client.send(frames.pong(frame.get("n"), to_ms(self._services.clock.now())))

    async def _report(self, frame: dict[str, Any]) -> None:
        facts = {name: str(frame.get(name))[:200] for name in ("topic", "id", "code", "message")}
        _log.warning("web.render_fault_in_browser", **facts)

    async def _write(self) -> None:
        while (text := await self._client.next_frame()) is not None:
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._socket.send_str(text)
            except TimeoutError:
                self._cut_off()
                return
            except ConnectionError:
                return
        await self._socket.close(code=WSCloseCode.SERVICE_RESTART, message=b"the daemon ends")

    def _cut_off(self) -> None:
        """A reader that takes nothing for so long takes no close frame either."""
        _log.info("web.client_too_slow", code=TOO_SLOW)
        transport = self._request.transport
        if transport is not None:
            transport.abort()


def _decode(text: str) -> dict[str, Any]:
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):  # the latter: nested too deep
        raise ProtocolError(MALFORMED, "frames are JSON objects") from None
    if not isinstance(frame, dict):
        raise ProtocolError(MALFORMED, "frames are JSON objects")
    return frame


def _position(given: object) -> Position | None:
    if not isinstance(given, dict):
        return None
    epoch, seq = given.get("epoch"), given.get("seq")
    return Position(epoch=epoch, seq=seq) if isinstance(epoch, str) and isinstance(seq, int) else None


def _log_reader(services: Services) -> Callable[[LogTopic, int | None, int], Awaitable[LogPage]]:
    async def read(topic: LogTopic, start: int | None, limit: int) -> LogPage:
        run = await find_run(services, f"{topic.job}.{topic.number}")
        attempt = attempt_of(run, topic.step, topic.attempt)
        if attempt is None:
            return LogPage(lines=(), next=start or 0, end=True)
        if start is None:
            return await asyncio.to_thread(end_of_log, services, run, attempt, limit)
        return await asyncio.to_thread(page_of_log, services, run, attempt, start, limit)

    return read
