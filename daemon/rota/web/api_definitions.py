"""What is in force, whole: the definitions of all jobs, for those who compare or simulate them."""

from __future__ import annotations

import json
from bisect import bisect_right

from aiohttp import web

from rota.core.board import JobEntry
from rota.core.instant import length_ms, optional_ms
from rota.core.lengths import median_length
from rota.web.answers import limit, polled
from rota.web.services import SERVICES
from rota.web.shapes import Shape


async def list_definitions(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    board = services.board
    ids = sorted(board.jobs)
    first = bisect_right(ids, request.query.get("cursor", ""))
    page = ids[first : first + limit(request)]
    more = first + len(page) < len(ids)
    shape = {
        "host": board.host,
        "timezone": services.timezone,
        "pools": dict(services.pools),
        "maxRunning": services.max_running,
        "jobs": [_definition(board.jobs[job]) for job in page],
        "total": len(ids),
        "nextCursor": page[-1] if more else None,
    }
    return polled(request, shape)


def _definition(entry: JobEntry) -> Shape:
    spec, pause = entry.spec, entry.pause
    return {
        "id": spec.id,
        "definition": json.loads(spec.definition.text),
        "hash": spec.definition.hash,
        "source": {
            "file": spec.source.file,
            "line": spec.source.line,
            "directory": spec.source.directory,
            "commit": spec.source.commit,
        },
        "medianMs": _median_ms(entry),
        "paused": None
        if pause is None
        else {"since": optional_ms(pause.since), "until": optional_ms(pause.until)},
    }


def _median_ms(entry: JobEntry) -> int | None:
    length = median_length(entry.bars)
    return None if length is None else length_ms(length)
