"""Pauses of many jobs over HTTP: of a tag, or of all."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from rota.core.instant import optional_from_ms
from rota.core.pauses import ALL, holds, tag_scope
from rota.core.seams import Pause
from rota.web.answers import answer, polled
from rota.web.contract import read_body
from rota.web.guard import require_actor
from rota.web.idempotency import ONCE
from rota.web.services import SERVICES, Services
from rota.web.shapes import Shape, optional_pause_shape, pause_shape


async def list_pauses(request: web.Request) -> web.Response:
    return polled(request, _list(request.app[SERVICES]))


async def pause_many(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    actor = await require_actor(request)
    body = await read_body(request, "PauseManyRequest")
    scope = _scope(body)

    async def act() -> web.Response:
        until = optional_from_ms(body.get("until"))
        replaced = await services.operations.pause_many(scope, until=until, note=body.get("note", ""))
        pause = next(each for each in services.operations.pauses if each.scope == scope)
        return answer({"pause": _shape(services, pause), "replaced": optional_pause_shape(replaced)})

    return await request.app[ONCE].carry_out(request, actor, act)


async def resume_many(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    actor = await require_actor(request)
    body = await read_body(request, "ResumeManyRequest")

    async def act() -> web.Response:
        await services.operations.resume_many(_scope(body), catch_up=body.get("catchUp", False))
        return answer(_list(services))

    return await request.app[ONCE].carry_out(request, actor, act)


def _scope(body: Mapping[str, str]) -> str:
    return tag_scope(body["tag"]) if "tag" in body else ALL


def _list(services: Services) -> Shape:
    return {"pauses": [_shape(services, pause) for pause in services.operations.pauses]}


def _shape(services: Services, pause: Pause) -> Shape:
    held = sum(holds(pause.scope, entry.spec) for entry in services.board.jobs.values())
    return {**pause_shape(pause), "jobs": held}
