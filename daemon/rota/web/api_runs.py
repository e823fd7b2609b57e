"""Runs over HTTP: lists, one run, its log, and what people ask of it."""

from __future__ import annotations

from aiohttp import web

from rota.core.replacing import waits_for
from rota.core.run import Run, RunState
from rota.core.seams import RunQuery
from rota.web.answers import answer, boolean, instant, limit, polled, refused
from rota.web.contract import read_body
from rota.web.expectation import expect_run
from rota.web.guard import require_actor
from rota.web.idempotency import ONCE
from rota.web.run_source import find_run
from rota.web.services import SERVICES, Services
from rota.web.shapes import run_shape

MOST = 200  # runs in an answer: each comes from the disk, with all its attempts


async def list_runs(request: web.Request) -> web.Response:
    parent = request.query.get("parent")
    if parent is None:
        return await list_runs_of(request, request.query.get("job"))
    run = await find_run(request.app[SERVICES], parent)
    if run.parent is not None:
        raise refused("parent", f"{run.id} is a child itself, and has no children")
    return await list_runs_of(request, run.id)


async def list_runs_of(request: web.Request, job: str | None) -> web.Response:
    """One page of runs, of one job or of all; a job may be the id of a run, for its children."""
    services = request.app[SERVICES]
    page = await services.store.runs(
        RunQuery(
            job=job,
            states=_states(request),
            skipped=boolean(request, "skipped", default=True),
            since=instant(request, "since"),
            until=instant(request, "until"),
            before=request.query.get("cursor"),
            limit=limit(request, MOST),
        )
    )
    runs = [_shape(services, _fresh(services, run)) for run in page.runs]
    found = {"runs": runs, "total": page.total, "totalIsCapped": page.total_is_capped}
    return polled(request, found | {"nextCursor": page.next_cursor})


async def get_run(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    return polled(request, _shape(services, await _run(request)))


async def cancel_run(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    actor = await require_actor(request)
    body = await read_body(request, "CancelRequest")

    async def act() -> web.Response:
        run = await _run(request)
        expect_run(run, body.get("expect"))
        immediately = body.get("immediately", False)
        return accepted(services, await services.operations.cancel(run.id, immediately=immediately))

    return await request.app[ONCE].carry_out(request, actor, act)


async def retry_run(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    actor = await require_actor(request)
    body = await read_body(request, "Request")

    async def act() -> web.Response:
        run = await _run(request)
        expect_run(run, body.get("expect"))
        return accepted(services, await services.operations.retry(run.id))

    return await request.app[ONCE].carry_out(request, actor, act)


def accepted(services: Services, run: Run) -> web.Response:
    """202 with the run as it is now and where to follow it."""
    return answer(_shape(services, run), status=202, location=f"/api/v1/runs/{run.id}")


def _shape(services: Services, run: Run) -> dict[str, object]:
    shape = run_shape(run, now=services.clock.now(), entry=services.board.jobs.get(run.job))
    if run.is_queued:  # who is in the way changes more often than the run
        shape["message"] = waits_for(services.board, run) or run.message
    return shape


def _fresh(services: Services, run: Run) -> Run:
    """Progress is stored in steps: the board knows the latest."""
    return services.board.open_run(run.series, run.number) or run


async def _run(request: web.Request) -> Run:
    return await find_run(request.app[SERVICES], request.match_info["run"])


def _states(request: web.Request) -> frozenset[RunState]:
    try:
        return frozenset(RunState(state) for state in request.query.getall("state", []))
    except ValueError:
        raise refused("state", f"state must be one of {', '.join(RunState)}") from None
