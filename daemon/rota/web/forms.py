"""The same wishes as the API's, from pages without script: urlencoded forms, answered by a redirect."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import aiohttp_jinja2
from aiohttp import web

from rota.core.model import JobSpec
from rota.handlers.params import from_form
from rota.web.answers import refused
from rota.web.assets import assets
from rota.web.expectation import expect_job, expect_run
from rota.web.guard import require_actor
from rota.web.run_source import find_run
from rota.web.services import SERVICES
from rota_catalog.catalog import ActionRule, load

_PARAM = "params."
_EXPECT = "expect."


# How long a pause may last, as the form offers it: hours.
PAUSES = {"": "until it is resumed", "1": "1 hour", "4": "4 hours", "24": "1 day", "168": "1 week"}


async def run_job(request: web.Request) -> web.StreamResponse:
    form, spec = await _form_for_job(request)
    params = from_form(spec.params, _members(form, _PARAM)) if spec.params else None
    run = await request.app[SERVICES].operations.run_now(spec.id, params=params)
    raise web.HTTPSeeOther(f"/runs/{run.id}")


async def pause_job(request: web.Request) -> web.StreamResponse:
    form, spec = await _form_for_job(request)
    if not form.get("confirmed"):
        return _confirm(request, load().actions["job.pause"], {"job": spec.id}, form, f"/jobs/{spec.id}")
    length = _length(form.get("for", ""))
    until = None if length is None else request.app[SERVICES].clock.now() + length
    await request.app[SERVICES].operations.pause(
        spec.id, until=until, note=form.get("note", "").strip()[:1000]
    )
    raise web.HTTPSeeOther(f"/jobs/{spec.id}")


async def resume_job(request: web.Request) -> web.StreamResponse:
    _, spec = await _form_for_job(request)
    await request.app[SERVICES].operations.resume(spec.id)
    raise web.HTTPSeeOther(f"/jobs/{spec.id}")


async def skip_next(request: web.Request) -> web.StreamResponse:
    _, spec = await _form_for_job(request)
    await request.app[SERVICES].operations.skip(spec.id)
    raise web.HTTPSeeOther(f"/jobs/{spec.id}")


async def undo_skip(request: web.Request) -> web.StreamResponse:
    _, spec = await _form_for_job(request)
    await request.app[SERVICES].operations.undo_skip(spec.id)
    raise web.HTTPSeeOther(f"/jobs/{spec.id}")


async def cancel_run(request: web.Request) -> web.StreamResponse:
    form = await _form(request)
    run = await find_run(request.app[SERVICES], request.match_info["run"])
    expect_run(run, _members(form, _EXPECT))
    if not form.get("confirmed"):
        return _confirm(request, load().actions["run.cancel"], {"run": run.id}, form, f"/runs/{run.id}")
    await request.app[SERVICES].operations.cancel(run.id)
    raise web.HTTPSeeOther(f"/runs/{run.id}")


async def retry_run(request: web.Request) -> web.StreamResponse:
    form = await _form(request)
    found = await find_run(request.app[SERVICES], request.match_info["run"])
    expect_run(found, _members(form, _EXPECT))
    run = await request.app[SERVICES].operations.retry(found.id)
    raise web.HTTPSeeOther(f"/runs/{run.id}")


async def _form_for_job(request: web.Request) -> tuple[Mapping[str, str], JobSpec]:
    """What was sent, and the job it is about, which is still as the form expects it."""
    form = await _form(request)
    spec = _spec(request)
    expect_job(request.app[SERVICES].board.jobs[spec.id], _members(form, _EXPECT))
    return form, spec


async def _form(request: web.Request) -> Mapping[str, str]:
    """The form's texts, once it is known that the sender may act. Raises Refusal."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType(reason="Forms are sent urlencoded")
    posted = await request.post()
    form = {name: value for name, value in posted.items() if isinstance(value, str)}
    await require_actor(request, form.get("csrf", ""))
    return form


def _spec(request: web.Request) -> JobSpec:
    return request.app[SERVICES].board.entry(request.match_info["job"]).spec


def _members(form: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in form.items() if name.startswith(prefix)}


def _length(hours: str) -> timedelta | None:
    if hours not in PAUSES:
        raise refused("for", f"for must be one of {', '.join(filter(None, PAUSES))} (hours), or empty")
    return timedelta(hours=int(hours)) if hours else None


def _confirm(
    request: web.Request, rule: ActionRule, args: Mapping[str, str], form: Mapping[str, str], back: str
) -> web.Response:
    context = {
        "title": (rule.confirm or {}).get("title", rule.title),
        "detail": (rule.confirm or {}).get("body", ""),
        "subject": next(iter(args.values())),
        "action": rule.form_action(args),
        "label": rule.title,
        "csrf": form.get("csrf", ""),
        "expected": {name: value for name, value in form.items() if name.startswith(_EXPECT)},
        "back": back,
        "lengths": PAUSES if rule.name == "job.pause" else {},
        "asset": assets().href,
    }
    return aiohttp_jinja2.render_template("confirm.html", request, context)
