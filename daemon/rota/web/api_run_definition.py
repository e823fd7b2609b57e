"""The definition that a run used, beside the one in force now."""

from __future__ import annotations

import json
from difflib import unified_diff

from aiohttp import web

from rota.config import schemas
from rota.core.definition_diff import key_changes
from rota.core.model import JobSpec
from rota.core.run import Run
from rota.views.definition import as_yaml
from rota.web.answers import polled
from rota.web.run_source import find_run
from rota.web.services import SERVICES
from rota.web.shapes import Shape


async def get_definition_of_run(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    run = await find_run(services, request.match_info["run"])
    text = await services.store.definition(run.definition)
    entry = services.board.jobs.get(run.job)
    return polled(request, _comparison(run, text, None if entry is None else entry.spec))


def _comparison(run: Run, text: str | None, spec: JobSpec | None) -> Shape:
    """`text` is the canonical one that the ledger keeps; None when it does not."""
    then, now = _then(run, text), None if spec is None else _now(spec)
    shape: Shape = {"run": run.id, "job": run.job, "then": then, "now": now, "keys": [], "diff": ""}
    if text is None or now is None or spec is None or run.definition == spec.definition.hash:
        return shape
    return shape | {"keys": _keys(text, spec.definition.text), "diff": _diff(then, now)}


def _then(run: Run, text: str | None) -> Shape:
    return {
        "hash": run.definition,
        "commit": run.commit,
        "dirty": run.dirty,
        "file": run.source_file,
        "line": run.source_line,
        "text": None if text is None else _written(text),
    }


def _now(spec: JobSpec) -> Shape:
    return {
        "hash": spec.definition.hash,
        "commit": spec.source.commit,
        "dirty": spec.source.dirty,
        "file": spec.source.file,
        "line": spec.source.line,
        "text": _written(spec.definition.text),
    }


def _written(text: str) -> str:
    return as_yaml(text, schemas.load("job"))


def _keys(then: str, now: str) -> list[str]:
    try:
        return [change.key for change in key_changes(then, now)]
    except json.JSONDecodeError:  # kept by a rota that wrote definitions in another way
        return []


def _diff(then: Shape, now: Shape) -> str:
    before, after = (str(each["text"]).splitlines() for each in (then, now))
    names = [f"{each['file']} {each['hash'][:12]}" for each in (then, now)]
    lines = unified_diff(before, after, fromfile=names[0], tofile=names[1], lineterm="")
    return "".join(f"{line}\n" for line in lines)
