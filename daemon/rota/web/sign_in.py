"""A browser signs in by a one-time link, and out by a form."""

from __future__ import annotations

from aiohttp import web

from rota.web.guard import require_actor, session_cookie
from rota.web.problems import Refusal
from rota.web.sessions import SESSION_LIFETIME, SESSIONS


async def sign_in(request: web.Request) -> web.StreamResponse:
    if _is_look_ahead(request):
        raise Refusal(503, "look-ahead", "This link is used up by opening it, so it is not answered ahead.")
    session = await request.app[SESSIONS].redeem(request.query.get("token", ""))
    if session is None:
        raise Refusal(
            403,
            "link",
            "This link was used already or is older than ten minutes: `rota link` makes a new one.",
        )
    response = web.HTTPSeeOther("/")
    response.set_cookie(
        session_cookie(request),
        session,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        path="/",
        httponly=True,
        samesite="Strict",
        secure=request.headers.get("X-Forwarded-Proto") == "https",
    )
    raise response


async def sign_out(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    session = await require_actor(request, str(form.get("csrf", "")))
    await request.app[SESSIONS].end(session)
    response = web.HTTPSeeOther("/")
    response.del_cookie(session_cookie(request), path="/")
    raise response


def _is_look_ahead(request: web.Request) -> bool:
    """Whether a browser only fetches what its user may open next."""
    purposes = (request.headers.get("Sec-Purpose", ""), request.headers.get("Purpose", ""))
    return any("prefetch" in purpose.lower() for purpose in purposes)
