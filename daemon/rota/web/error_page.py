"""What went wrong, as a page for people."""

from __future__ import annotations

from http import HTTPStatus

import aiohttp_jinja2
from aiohttp import web

from rota.web.assets import assets

_TITLES = {
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    409: "That makes no sense now",
    422: "Something in the form is wrong",
    503: "Not possible now",
}


def error_page(request: web.Request, status: int, detail: str) -> web.Response:
    """The sentence, and the way back."""
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    context = {"title": title, "detail": detail, "asset": assets().href, "back": _back(request)}
    return aiohttp_jinja2.render_template("error.html", request, context, status=status)


def _back(request: web.Request) -> str:
    """The page of the job or run whose form was posted."""
    parts = request.path.split("/")
    if request.method == "POST" and len(parts) == 4 and parts[1] in ("jobs", "runs"):
        return "/".join(parts[:3])
    return "/"
