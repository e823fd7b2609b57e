"""Logs over HTTP: by pages of lines, or as they were written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import structlog
from aiohttp import web

from rota.core.errors import NotFound
from rota.core.run import Attempt, Run
from rota.web.answers import integer, polled
from rota.web.run_source import attempt_of, end_of_log, find_run, page_of_log, ref_of, written_by
from rota.web.services import SERVICES
from rota.web.shapes import Shape, log_line_shape

_log = structlog.get_logger(__name__)


async def get_log(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    start = integer(request, "from", low=0)
    limit = integer(request, "limit", low=1, high=5000, default=1000) or 1000
    run, attempt = await _attempt(request)
    if attempt is None:
        empty: Shape = {"step": None, "attempt": None, "lines": [], "next": 0, "end": run.state.is_final}
        return polled(request, empty)
    if start is None:
        page = await asyncio.to_thread(end_of_log, services, run, attempt, limit)
    else:
        page = await asyncio.to_thread(page_of_log, services, run, attempt, start, limit)
    shape = {
        "step": attempt.step,
        "attempt": attempt.n,
        "lines": [log_line_shape(line) for line in page.lines],
        "next": page.next,
        "end": page.end,
    }
    return polled(request, shape | ({"gap": list(page.gap)} if page.gap else {}))


async def get_raw_log(request: web.Request) -> web.StreamResponse:
    run, attempt = await _attempt(request)
    logs = request.app[SERVICES].logs
    pieces = iter(()) if attempt is None else logs.raw(ref_of(run, attempt), written=written_by(attempt))
    # Before the head is sent: what can't be read at all is answered as an error.
    first = await asyncio.to_thread(_next_piece, pieces)
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    response = web.StreamResponse(headers=headers)
    response.content_type = "text/plain"
    response.charset = "utf-8"
    await response.prepare(request)
    if request.method != "HEAD":
        await _send(request, response, first, pieces)
    return response


async def _send(
    request: web.Request, response: web.StreamResponse, piece: bytes, following: Iterator[bytes]
) -> None:
    try:
        while piece:
            await response.write(piece)
            piece = await asyncio.to_thread(_next_piece, following)
        await response.write_eof()
    except ConnectionError:
        return  # the reader left
    except OSError as error:
        _log.error("web.log_not_read", path=request.path, error=str(error))
        if request.transport is not None:
            request.transport.abort()  # half a log must not look like all of it


def _next_piece(pieces: Iterator[bytes]) -> bytes:
    return next(pieces, b"")


async def _attempt(request: web.Request) -> tuple[Run, Attempt | None]:
    step = request.query.get("step")
    n = integer(request, "attempt", low=1)
    run = await find_run(request.app[SERVICES], request.match_info["run"])
    attempt = attempt_of(run, step, n)
    if attempt is None and (step is not None or n is not None):
        raise NotFound(f"{run.id} has no such attempt.")
    return run, attempt
