"""The web application: routes, and what every request passes through."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp_jinja2
import jinja2
from aiohttp import web

from rota.web import (
    api_daemon,
    api_definitions,
    api_drain,
    api_environment,
    api_jobs,
    api_logs,
    api_pauses,
    api_pools,
    api_run_definition,
    api_runs,
    assets,
    forms,
    pages,
    sign_in,
)
from rota.web.guard import guard_middleware
from rota.web.headers import add_headers
from rota.web.hub import HUB, Hub
from rota.web.idempotency import ONCE, Once
from rota.web.live import live
from rota.web.problems import problems_middleware
from rota.web.services import SERVICES, Services
from rota.web.sessions import SESSIONS, Sessions
from rota.web.sources import TreeSources
from rota.web.trees import get_tree
from rota.web.ws_jobs import FOLLOWERS, Followers, follow_job


def build_app(services: Services) -> web.Application:
    """Everything under one roof, for TCP and the Unix socket alike: a handler sees which one it is."""
    app = web.Application(middlewares=[problems_middleware, guard_middleware])
    app[SERVICES] = services
    app[SESSIONS] = Sessions(store=services.store, clock=services.clock, ids=services.ids)
    app[ONCE] = Once()
    app[FOLLOWERS] = Followers()
    app[HUB] = Hub(services, TreeSources(services))
    aiohttp_jinja2.setup(app, loader=jinja2.PackageLoader("rota.web"), autoescape=True)
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_hub_alive)
    app.on_shutdown.append(_say_goodbye)
    _add_api(app.router)
    _add_jobs(app.router)
    _add_pages(app.router)
    return app


def _add_api(router: web.UrlDispatcher) -> None:
    router.add_get("/healthz", api_daemon.is_alive)
    router.add_get("/readyz", api_daemon.is_ready)
    router.add_get("/schemas/catalog.json", api_daemon.get_schema_catalog)
    router.add_get("/schemas/{name}", api_daemon.get_schema)
    router.add_get("/api/v1/openapi.json", api_daemon.get_contract)
    router.add_post("/api/v1/reload", api_daemon.reload)
    router.add_get("/api/v1/drain", api_drain.get_drain)
    router.add_post("/api/v1/drain", api_drain.drain)
    router.add_post("/api/v1/session/links", api_daemon.create_sign_in_link)
    router.add_get("/api/v1/pools", api_pools.list_pools)
    router.add_get("/api/v1/runs", api_runs.list_runs)
    router.add_get("/api/v1/runs/{run}", api_runs.get_run)
    router.add_get("/api/v1/runs/{run}/definition", api_run_definition.get_definition_of_run)
    router.add_get("/api/v1/runs/{run}/log", api_logs.get_log)
    router.add_get("/api/v1/runs/{run}/log.txt", api_logs.get_raw_log)
    router.add_post("/api/v1/runs/{run}/cancel", api_runs.cancel_run)
    router.add_post("/api/v1/runs/{run}/retry", api_runs.retry_run)
    router.add_get("/api/v1/trees/{topic:.+}", get_tree)
    router.add_get("/api/v1/live", live)
    router.add_get("/ws/jobs/{job}", follow_job)


def _add_jobs(router: web.UrlDispatcher) -> None:
    router.add_get("/api/v1/jobs", api_jobs.list_jobs)
    router.add_get("/api/v1/jobs/{job}", api_jobs.get_job)
    router.add_get("/api/v1/jobs/{job}/next", api_jobs.list_next)
    router.add_get("/api/v1/jobs/{job}/environment", api_environment.get_environment)
    router.add_get("/api/v1/jobs/{job}/runs", api_jobs.list_runs_of_job)
    router.add_post("/api/v1/jobs/{job}/runs", api_jobs.run_job)
    router.add_post("/api/v1/jobs/{job}/pause", api_jobs.pause_job)
    router.add_post("/api/v1/jobs/{job}/resume", api_jobs.resume_job)
    router.add_post("/api/v1/jobs/{job}/skip", api_jobs.skip_next)
    router.add_get("/api/v1/jobs/{job}/why", api_jobs.ask_why)
    router.add_get("/api/v1/pauses", api_pauses.list_pauses)
    router.add_post("/api/v1/pauses", api_pauses.pause_many)
    router.add_post("/api/v1/pauses/resume", api_pauses.resume_many)
    router.add_get("/api/v1/definitions", api_definitions.list_definitions)


def _add_pages(router: web.UrlDispatcher) -> None:
    router.add_get("/", pages.overview)
    router.add_get("/timeline", pages.timeline)
    router.add_get("/jobs/{job}", pages.job)
    router.add_get("/runs/{run}", pages.run)
    router.add_get("/sign-in", sign_in.sign_in, allow_head=False)  # whoever asks uses the link up
    router.add_post("/sign-out", sign_in.sign_out)
    router.add_post("/jobs/{job}/run", forms.run_job)
    router.add_post("/jobs/{job}/pause", forms.pause_job)
    router.add_post("/jobs/{job}/resume", forms.resume_job)
    router.add_post("/jobs/{job}/skip", forms.skip_next)
    router.add_post("/jobs/{job}/unskip", forms.undo_skip)
    router.add_post("/runs/{run}/cancel", forms.cancel_run)
    router.add_post("/runs/{run}/retry", forms.retry_run)
    router.add_get("/assets/{version}/{path:.+}", assets.get_asset)
    router.add_get("/favicon.ico", assets.get_favicon)


async def _hub_alive(app: web.Application) -> AsyncIterator[None]:
    app[HUB].start()
    yield
    app[HUB].stop()


async def _say_goodbye(app: web.Application) -> None:
    app[HUB].stop()
    app[FOLLOWERS].stop()
