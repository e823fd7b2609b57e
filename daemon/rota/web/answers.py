"""Answers for programs: JSON with an ETag, and what of the query string a route takes."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from aiohttp import web

from rota.core.errors import InvalidRequest
from rota.core.instant import optional_from_ms
from rota.core.problems import Problem

LATEST_MS = 253_370_764_800_000  # 9999-01-01: later ones can't be told in every zone


def polled(request: web.Request, value: Any) -> web.Response:
    """The value as JSON, or 304 when the caller has it already."""
    text = to_json(value)
    return tagged(request, text, sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24])


def tagged(request: web.Request, text: str, tag: str) -> web.Response:
    """JSON text under that ETag, or 304 when the caller has it already."""
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    known = request.if_none_match
    if known is not None and any(etag.value in (tag, "*") for etag in known):
        return web.Response(status=304, headers=headers)
    return web.Response(text=text, content_type="application/json", headers=headers)


def answer(value: Any, *, status: int = 200, location: str | None = None) -> web.Response:
    """The value as JSON, of which nobody keeps a copy."""
    headers = {"Cache-Control": "no-store"}
    if location is not None:
        headers["Location"] = location
    return web.Response(status=status, text=to_json(value), content_type="application/json", headers=headers)


def to_json(value: Any) -> str:
    """Compact JSON in pure ASCII, so that a lone surrogate from a job's output can't break the encoding."""
    return json.dumps(value, separators=(",", ":"))


def integer(
    request: web.Request, name: str, *, low: int = -(2**53), high: int = 2**53, default: int | None = None
) -> int | None:
    """An integer of the query string. Raises InvalidRequest when it is none or out of bounds."""
    text = request.query.get(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        raise refused(name, f"{name} must be a whole number") from None
    if not low <= value <= high:
        raise refused(name, f"{name} must be between {low} and {high}")
    return value


def instant(request: web.Request, name: str) -> datetime | None:
    """An instant of the query string, in ms. Raises InvalidRequest when it is none or out of bounds."""
    return optional_from_ms(integer(request, name, low=0, high=LATEST_MS))


def boolean(request: web.Request, name: str, *, default: bool) -> bool:
    """`true` or `false` in the query string. Raises InvalidRequest for anything else."""
    text = request.query.get(name)
    if text is None:
        return default
    if text not in ("true", "false"):
        raise refused(name, f"{name} must be true or false")
    return text == "true"


def limit(request: web.Request, most: int = 1000) -> int:
    """How many rows of a list are wanted. Raises InvalidRequest."""
    value = integer(request, "limit", low=1, high=most, default=50)
    assert value is not None
    return value


def refused(name: str, message: str) -> InvalidRequest:
    """The error for one member of the query string."""
    return InvalidRequest(
        f"{message}.", [Problem(file="", line=0, column=0, path=f"/{name}", message=message)]
    )
