"""Jobs over HTTP: what there is, what is due, and what people ask of a job."""

from __future__ import annotations

from bisect import bisect_right
from itertools import islice

from aiohttp import web

from rota.core.board import JobEntry, JobState
from rota.core.instant import optional_from_ms
from rota.core.nominal import FAR
from rota.core.obstacles import fate_of
from rota.core.schedule import due_between, owed_between
from rota.web.answers import answer, boolean, instant, integer, limit, polled, refused
from rota.web.api_runs import accepted, list_runs_of
from rota.web.contract import read_body
from rota.web.expectation import expect_job
from rota.web.guard import require_actor
from rota.web.idempotency import ONCE
from rota.web.services import SERVICES, Services
from rota.web.shapes import Shape, due_shape, job_shape, problems_of, why_shape


async def list_jobs(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    found = [job for job, entry in sorted(services.board.jobs.items()) if _wanted(request, entry)]
    first = bisect_right(found, request.query.get("cursor", ""))
    page = found[first : first + limit(request)]
    more = first + len(page) < len(found)
    shapes = [_shape(services, services.board.jobs[job]) for job in page]
    return polled(request, {"jobs": shapes, "total": len(found), "nextCursor": page[-1] if more else None})


async def get_job(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    return polled(request, _shape(services, _entry(request)))


async def list_next(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    spec, situation = _entry(request).spec, _entry(request).situation
    count = integer(request, "count", low=1, high=1000, default=10) or 10
    after = instant(request, "from") or services.clock.now()
    until = instant(request, "until")
    if not spec.enabled or not spec.triggers:
        return answer({"next": []})
    if until is None:
        until = FAR
    between = due_between if boolean(request, "skipped", default=False) else owed_between
    dues = islice(between(spec.id, spec.triggers, after, until, situation), count)
    entry = _entry(request)
    return answer({"next": [_told(due_shape(due, spec.triggers), fate_of(entry, due)) for due in dues]})


async def ask_why(request: web.Request) -> web.Response:
    job = _entry(request).spec.id
    return answer(why_shape(await request.app[SERVICES].operations.why(job, instant(request, "at"))))


async def list_runs_of_job(request: web.Request) -> web.Response:
    return await list_runs_of(request, _entry(request).spec.id)


async def run_job(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    actor = await require_actor(request)
    job = _entry(request).spec.id
    body = await read_body(request, "RunRequest")

    async def act() -> web.Response:
        expect_job(_entry(request), body.get("expect"))
        run = await services.operations.run_now(
            job, params=body.get("params"), scheduled_for=optional_from_ms(body.get("scheduledFor"))
        )
        return accepted(services, run)

    return await request.app[ONCE].carry_out(request, actor, act)


async def pause_job(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    actor = await require_actor(request)
    job = _entry(request).spec.id
    body = await read_body(request, "PauseRequest")

    async def act() -> web.Response:
        expect_job(_entry(request), body.get("expect"))
        until = optional_from_ms(body.get("until"))
        await services.operations.pause(job, until=until, note=body.get("note", ""))
        return answer(_shape(services, _entry(request)))

    return await request.app[ONCE].carry_out(request, actor, act)


async def resume_job(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    actor = await require_actor(request)
    job = _entry(request).spec.id
    body = await read_body(request, "ResumeRequest")

    async def act() -> web.Response:
        expect_job(_entry(request), body.get("expect"))
        await services.operations.resume(job, catch_up=body.get("catchUp", False))
        return answer(_shape(services, _entry(request)))

    return await request.app[ONCE].carry_out(request, actor, act)


async def skip_next(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    actor = await require_actor(request)
    job = _entry(request).spec.id
    body = await read_body(request, "SkipRequest")

    async def act() -> web.Response:
        expect_job(_entry(request), body.get("expect"))
        if body.get("undo", False):
            await services.operations.undo_skip(job)
        else:
            await services.operations.skip(job, note=body.get("note", ""))
        return answer(_shape(services, _entry(request)))

    return await request.app[ONCE].carry_out(request, actor, act)


def _told(shape: Shape, fate: str) -> Shape:
    """The due instant with what will become of it, beside what is to be noted of it anyway."""
    return shape | ({"note": "; ".join(filter(None, (shape.get("note"), fate)))} if fate else {})


def _wanted(request: web.Request, entry: JobEntry) -> bool:
    query = request.query
    if "state" in query and query["state"] not in set(JobState):
        raise refused("state", f"state must be one of {', '.join(JobState)}")
    spec = entry.spec
    if "state" in query and entry.state.value != query["state"]:
        return False
    if "tag" in query and query["tag"] not in spec.tags:
        return False
    text = query.get("q", "").lower()
    return not text or any(text in word.lower() for word in (spec.id, spec.title, spec.owner, *spec.tags))


def _entry(request: web.Request) -> JobEntry:
    return request.app[SERVICES].board.entry(request.match_info["job"])


def _shape(services: Services, entry: JobEntry) -> Shape:
    return job_shape(entry, problems_of(entry.spec, services.board))
