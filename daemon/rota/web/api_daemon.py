"""The daemon itself over HTTP: whether it lives and is ready, its schemas, reload, sign-in links."""

from __future__ import annotations

import json
from importlib.resources import files

from aiohttp import web

from rota.config.schemas import PUBLISHED, catalog, published
from rota.core.board import Board, HealthState
from rota.core.errors import NotFound
from rota.core.instant import to_ms
from rota.web.answers import answer, polled
from rota.web.contract import contract, read_body
from rota.web.guard import require_actor, require_local
from rota.web.idempotency import ONCE
from rota.web.services import SERVICES
from rota.web.sessions import SESSIONS
from rota.web.shapes import health_shape, reloaded_shape

# Without these nothing runs on time; before they have reported the daemon is not ready yet.
NEEDED = {"planner": "Scheduler", "runner": "Runner", "store": "Store"}


async def is_alive(_: web.Request) -> web.Response:
    return answer({"status": "ok"})


async def is_ready(request: web.Request) -> web.Response:
    board = request.app[SERVICES].board
    reasons = not_ready_because(board)
    shape = {
        "status": "not ready" if reasons else "ready",
        "reasons": reasons,
        "health": [health_shape(item) for item in board.health.values()],
    }
    return answer(shape, status=503 if reasons else 200)


def not_ready_because(board: Board) -> list[str]:
    """Why jobs can't be run on time now, one sentence each; empty when they can."""
    reasons = []
    for key, label in NEEDED.items():
        item = board.health.get(key)
        if item is None:
            reasons.append(f"{label}: not started yet")
        elif item.state is HealthState.FAILED:
            reasons.append(f"{item.label}: {item.note}" if item.note else f"{item.label} failed")
    if board.draining_since is not None:
        reasons.append("Drain: nothing new is started")
    return reasons


async def get_contract(request: web.Request) -> web.Response:
    return polled(request, contract())


async def get_schema(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name in PUBLISHED:
        schema = published(name)
    elif name == "tree":
        schema = json.loads(files("rota_catalog").joinpath("schema/tree.json").read_text(encoding="utf-8"))
    else:
        raise NotFound(f"There is no schema {name!r}: there are {', '.join(PUBLISHED)} and tree.")
    response = polled(request, schema)
    if response.status == 200:
        response.content_type = "application/schema+json"
    return response


async def get_schema_catalog(request: web.Request) -> web.Response:
    return polled(request, catalog(str(request.url.origin())))


async def reload(request: web.Request) -> web.Response:
    actor = await require_actor(request)
    body = await read_body(request, "ReloadRequest")

    async def act() -> web.Response:
        jobset = await request.app[SERVICES].operations.reload(confirm=body.get("confirm", False))
        return answer(reloaded_shape(jobset))

    return await request.app[ONCE].carry_out(request, actor, act)


async def create_sign_in_link(request: web.Request) -> web.Response:
    require_local(request)
    await read_body(request, "EmptyRequest")
    link = await request.app[SESSIONS].create_link()
    url = f"{request.app[SERVICES].url()}/sign-in?token={link.token}"
    return answer({"url": url, "expiresAt": to_ms(link.expires_at)}, status=201)
