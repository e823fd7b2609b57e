"""Everything that goes wrong, as problem documents (RFC 9457) for programs and as a page for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from rota.core.errors import Conflict, InvalidRequest, NotFound, RotaError, Unavailable
from rota.web.error_page import error_page

_log = structlog.get_logger(__name__)

_FOR_PROGRAMS = ("/api/", "/ws/", "/healthz", "/readyz", "/schemas/", "/assets/")


class Refusal(Exception):
    """A request that is turned away for who asks or how; `kind` is the last part of the problem's type."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail


class Outdated(Conflict):
    """What the caller expected no longer holds; `current` is what does."""

    def __init__(self, message: str, current: Mapping[str, object]) -> None:
        super().__init__("outdated", message)
        self.current = dict(current)


@web.middleware
async def problems_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns every error into its answer; what nobody foresaw is logged and answered as 500."""
    try:
        return await handler(request)
    except Refusal as error:
        return _answer(request, error.status, error.kind, error.detail)
    except RotaError as error:
        return _answer(request, *_status_and_kind(error), error.message, _members(error))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _answer(request, error.status, _HTTP_KINDS.get(error.status, "http"), _http_detail(error))
    except OSError as error:
        _log.error("web.host_failed", method=request.method, path=request.path, error=str(error))
        detail = f"This host can't give what the answer needs: {error.strerror or error}. Try again later."
        return _answer(request, 503, "unavailable", detail)
    except Exception:
        _log.exception("web.request_failed", method=request.method, path=request.path)
        return _answer(request, 500, "internal", "The daemon has a fault; its log says more.")


def problem_response(
    status: int, kind: str, detail: str, members: Mapping[str, object] | None = None
) -> web.Response:
    """A problem document."""
    document = {
        "type": f"urn:rota:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **(members or {}),
    }
    return web.Response(status=status, text=json.dumps(document), content_type="application/problem+json")


_HTTP_KINDS = {404: "not-found", 405: "method", 413: "too-large", 415: "not-json"}


def _status_and_kind(error: RotaError) -> tuple[int, str]:
    for kind, answer in (
        (NotFound, (404, "not-found")),
        (Conflict, (409, "conflict")),
        (InvalidRequest, (422, "invalid-request")),
        (Unavailable, (503, "unavailable")),
    ):
        if isinstance(error, kind):
            return answer
    return 500, "internal"


def _members(error: RotaError) -> dict[str, Any]:
    if isinstance(error, Outdated):
        return {"reason": error.reason, "current": error.current}
    if isinstance(error, Conflict):
        return {"reason": error.reason}
    if isinstance(error, InvalidRequest) and error.problems:
        return {"problems": [{"path": item.path, "message": item.message} for item in error.problems]}
    return {}


def _http_detail(error: web.HTTPException) -> str:
    if error.status == HTTPStatus.NOT_FOUND:
        return "There is nothing at this address."
    return f"{error.reason}."


def _page(request: web.Request, status: int, detail: str) -> web.Response:
    try:
        return error_page(request, status, detail)
    except OSError:  # what it is made of can't be read: the words are what matters
        return web.Response(status=status, text=f"{detail}\n")


def _answer(
    request: web.Request, status: int, kind: str, detail: str, members: Mapping[str, object] | None = None
) -> web.Response:
    if request.path.startswith(_FOR_PROGRAMS):
        response = problem_response(status, kind, detail, members)
    else:
        response = _page(request, status, detail)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
    return response
