"""The pages: the tree as HTML, complete without script, and as data for the script to go on from."""

from __future__ import annotations

from typing import Any

import aiohttp_jinja2
import structlog
from aiohttp import web

from rota.core.errors import NotFound
from rota.core.instant import to_ms
from rota.core.run import parse_run_id
from rota.web.answers import integer, refused
from rota.web.assets import assets
from rota.web.guard import session_of
from rota.web.hub import HUB
from rota.web.run_source import find_run
from rota.web.services import SERVICES
from rota.web.sessions import csrf_token
from rota.web.topic_names import LONGEST, JobTopic, OverviewTopic, RunTopic, TimelineTopic, TreeTopic
from rota_catalog.catalog import load
from rota_renderers.html import HtmlRenderer

_log = structlog.get_logger(__name__)

# States by which the table of jobs can be filtered, as the form offers them.
FILTER_STATES = (
    "failed", "missed", "running", "retrying", "completed", "scheduled", "paused", "disabled", "unknown",
)  # fmt: skip


async def overview(request: web.Request) -> web.StreamResponse:
    page = integer(request, "page", low=1, high=10**6, default=1) or 1
    topic = OverviewTopic(
        page=page, state=request.query.get("state", ""), q=request.query.get("q", "").strip()
    )
    return await _page(request, topic)


async def job(request: web.Request) -> web.StreamResponse:
    name = request.match_info["job"]
    if now := await _renamed(request, name):
        raise web.HTTPSeeOther(f"/jobs/{now}")
    return await _page(request, JobTopic(job=name, before=request.query.get("before", "")))


async def timeline(request: web.Request) -> web.StreamResponse:
    return await _page(request, TimelineTopic())


async def run(request: web.Request) -> web.StreamResponse:
    run_id = request.match_info["run"]
    if run_id.endswith(".latest"):
        found = await find_run(request.app[SERVICES], run_id)
        raise web.HTTPFound(f"/runs/{found.id}")
    try:
        name, number = parse_run_id(run_id)
    except ValueError:
        raise NotFound(f"There is no run {run_id!r}.") from None
    if await _renamed(request, name.partition(".")[0]):
        found = await find_run(request.app[SERVICES], run_id)
        if found.id != run_id:
            raise web.HTTPSeeOther(f"/runs/{found.id}")
    attempt = integer(request, "attempt", low=1, high=10**6, default=0) or 0
    topic = RunTopic(
        job=name,
        number=number,
        step=request.query.get("step", ""),
        attempt=attempt,
        state=request.query.get("state", ""),
        before=request.query.get("before", ""),
    )
    return await _page(request, topic)


async def _renamed(request: web.Request, job: str) -> str | None:
    """What the job is called now; None for one that is there under its name, or that nobody knows."""
    services = request.app[SERVICES]
    return None if job in services.board.jobs else await services.store.renamed(job)


async def _page(request: web.Request, topic: TreeTopic) -> web.StreamResponse:
    if len(str(topic)) > LONGEST:
        raise refused("q", "the filter is too long")
    live = await request.app[HUB].topic(topic)
    tree = live.tree()
    session = await session_of(request)
    csrf = csrf_token(session) if session else None
    body = _renderer.render(
        tree["elements"], tree["root"], now_ms=tree["now"], csrf=csrf, can_act=session is not None
    )
    context = {
        "tree": tree,
        "body": body,
        "title": _title(tree),
        "csrf": csrf,
        "signed_in": session is not None,
        "asset": assets().href,
        "filter": topic if isinstance(topic, OverviewTopic) else None,
        "filter_states": FILTER_STATES,
        "version": request.app[SERVICES].version,
        "now": to_ms(request.app[SERVICES].clock.now()),
    }
    return aiohttp_jinja2.render_template("page.html", request, context)


def _title(tree: dict[str, Any]) -> str:
    """`(2) Overview`: the count of what needs attention comes first."""
    props = tree["elements"][tree["root"]].get("props", {})
    title = str(props.get("title", "rota"))
    attention = props.get("attention")
    return f"({attention}) {title}" if attention else title


def _report(id_: str, code: str, message: str) -> None:
    _log.error("web.render_fault", element=id_, code=code, message=message)


_renderer = HtmlRenderer(load(), report=_report)
