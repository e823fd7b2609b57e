"""How full the room is: pools with their places, and all runs together."""

from __future__ import annotations

from aiohttp import web

from rota.core.room import PoolUse
from rota.web.answers import polled
from rota.web.services import SERVICES
from rota.web.shapes import Shape


async def list_pools(request: web.Request) -> web.Response:
    room = request.app[SERVICES].board.room
    shape = {
        "maxRunning": room.max_running,
        "running": room.running,
        "waiting": room.waiting,
        "pools": [_pool(use) for use in room.pool_uses()],
    }
    return polled(request, shape)


def _pool(use: PoolUse) -> Shape:
    return {
        "name": use.name,
        "size": use.size,
        "taken": use.taken,
        "runs": list(use.runs),
        "waiting": list(use.waiting),
    }
