"""Drain over HTTP: start nothing new, and wait for what runs."""

from __future__ import annotations

from aiohttp import web

from rota.core.instant import optional_ms
from rota.web.answers import answer, polled
from rota.web.contract import read_body
from rota.web.guard import require_actor
from rota.web.idempotency import ONCE
from rota.web.services import SERVICES, Services
from rota.web.shapes import Shape

_NAMED = 100


async def get_drain(request: web.Request) -> web.Response:
    return polled(request, _shape(request.app[SERVICES]))


async def drain(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    actor = await require_actor(request)
    body = await read_body(request, "DrainRequest")

    async def act() -> web.Response:
        if body.get("undo", False):
            await services.operations.undo_drain()
        else:
            await services.operations.drain()
        return answer(_shape(services))

    return await request.app[ONCE].carry_out(request, actor, act)


def _shape(services: Services) -> Shape:
    since, under_way = services.board.draining_since, services.operations.under_way
    return {
        "draining": since is not None,
        "since": optional_ms(since),
        "left": len(under_way),
        "running": [run.id for run in under_way[:_NAMED]],
    }
