"""With what a run of a job would start. Only for those who may act: files that jobs read may hold secrets."""

from __future__ import annotations

import json

from aiohttp import web

from rota.core.instant import length_ms
from rota.engine.preview import Preview, Variable
from rota.web.answers import answer, refused
from rota.web.guard import require_actor
from rota.web.services import SERVICES
from rota.web.shapes import Shape


async def get_environment(request: web.Request) -> web.Response:
    await require_actor(request)
    operations = request.app[SERVICES].operations
    job, step = request.match_info["job"], request.query.get("step", "")
    return answer(preview_shape(operations.preview(job, params=_params(request), step=step)))


def preview_shape(found: Preview) -> Shape:
    """As `openapi.yaml` has it; `rota env --json` prints the same."""
    return {
        "job": found.job,
        "step": found.step,
        "user": found.user,
        "runAs": found.run_as,
        "cwd": found.cwd,
        "argv": list(found.argv),
        "limits": {
            "timeoutMs": None if found.timeout is None else length_ms(found.timeout),
            "graceMs": length_ms(found.grace),
            "outputBytes": found.output,
        },
        "variables": [_variable(each) for each in found.variables],
    }


def _variable(variable: Variable) -> Shape:
    return {
        "name": variable.name,
        "value": variable.value,
        "from": variable.source,
        "varies": variable.varies,
    }


def _params(request: web.Request) -> dict[str, object]:
    text = request.query.get("params", "{}")
    try:
        sent = json.loads(text)
    except (ValueError, RecursionError):
        sent = None
    if not isinstance(sent, dict):
        raise refused("params", "params must be a JSON object")
    return sent
