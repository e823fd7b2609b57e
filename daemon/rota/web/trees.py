"""`GET /api/v1/trees/{topic}`: the same trees and changes as on the WebSocket, for who polls."""

from __future__ import annotations

import re

from aiohttp import web

from rota.core.errors import NotFound
from rota.web import frames
from rota.web.answers import refused, tagged
from rota.web.frames import Position
from rota.web.hub import HUB
from rota.web.topic_names import LogTopic, parse

_POSITION = re.compile(r"([0-9a-f]{8})\.([0-9]{1,15})")


async def get_tree(request: web.Request) -> web.Response:
    since = _since(request)
    try:
        wanted = parse(request.match_info["topic"])
    except ValueError as error:
        raise NotFound(f"There is no such topic: {error}.") from None
    if isinstance(wanted, LogTopic):
        raise NotFound("A log is no tree: read it from /api/v1/runs/{run}/log.")
    live = await request.app[HUB].topic(wanted)
    text = None if since is None else live.catch_up(since)
    if text is None or text.startswith('{"t":"reset"'):
        text = frames.snapshot(live.name, live.tree())
    return tagged(request, text, str(live.position))


def _since(request: web.Request) -> Position | None:
    text = request.query.get("since")
    if text is None:
        return None
    match = _POSITION.fullmatch(text)
    if match is None:
        raise refused("since", "since must be a position such as 7f3a91c2.41")
    return Position(epoch=match[1], seq=int(match[2]))
