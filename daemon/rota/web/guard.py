"""Who may ask: Host and Origin on every request; for acting the Unix socket, or a session and its token."""

from __future__ import annotations

import socket
from hmac import compare_digest

from aiohttp import web
from aiohttp.typedefs import Handler

from rota.web.problems import Refusal
from rota.web.services import SERVICES
from rota.web.sessions import SESSIONS, csrf_token

CSRF_HEADER = "X-CSRF-Token"

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@web.middleware
async def guard_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses wrong names and foreign pages before anything is looked at; adds the safety headers."""
    if is_local(request):
        if "Origin" in request.headers:
            raise Refusal(403, "origin", "Browsers are not served on the Unix socket.")
    else:
        _check_host(request)
        _check_origin(request)
    return await handler(request)


def is_local(request: web.Request) -> bool:
    """Whether it came over the Unix socket: then the mode of the socket file has decided."""
    transport = request.transport
    connection = None if transport is None else transport.get_extra_info("socket")
    return connection is not None and connection.family == socket.AF_UNIX


def session_cookie(request: web.Request) -> str:
    """The name of the cookie: cookies are shared by all ports of a host, sessions are not."""
    return f"rota-session-{_port(request)}"


async def session_of(request: web.Request) -> str | None:
    """The session's token when the request carries a valid one."""
    if is_local(request):
        return None
    token = request.cookies.get(session_cookie(request))
    if token and await request.app[SESSIONS].is_valid(token):
        return token
    return None


async def require_actor(request: web.Request, csrf: str | None = None) -> str:
    """Who acts: "local" or the session's token. `csrf` is the form's token; the API sends it as a header.

    Raises Refusal: 401 without a session, 403 without the right token or Origin.
    """
    if is_local(request):
        return "local"
    token = await session_of(request)
    if token is None:
        raise Refusal(
            401,
            "not-signed-in",
            "Acting needs a signed-in browser: run `rota link` on the host and open the link.",
        )
    if "Origin" not in request.headers:
        raise Refusal(403, "origin", "Acting needs an Origin header.")
    given = csrf if csrf is not None else request.headers.get(CSRF_HEADER, "")
    # Bytes that are no text come in as halves of surrogate pairs.
    if not compare_digest(given.encode("utf-8", "surrogatepass"), csrf_token(token).encode()):
        raise Refusal(403, "csrf", "The page is outdated: load it again and repeat.")
    return token


def require_local(request: web.Request) -> None:
    """Raises Refusal unless the request came over the Unix socket."""
    if not is_local(request):
        raise Refusal(403, "local-only", "This is answered on the daemon's Unix socket only.")


def require_origin(request: web.Request) -> None:
    """For WebSockets, which no browser opens without an Origin. Raises Refusal."""
    if not is_local(request) and "Origin" not in request.headers:
        raise Refusal(
            403, "origin", "A WebSocket over TCP needs an Origin header with the address of the page."
        )


def _check_host(request: web.Request) -> None:
    if not request.host or request.host.lower() not in _allowed_hosts(request):
        raise Refusal(403, "host", "The daemon is not known by this name: add it to web.hosts in rota.yaml.")


def _check_origin(request: web.Request) -> None:
    origin = request.headers.get("Origin")
    if origin is None:
        return
    host = request.host.lower()
    # A name in web.hosts may stand behind a proxy that speaks TLS; the loopback names never do.
    schemes = ("http", "https") if _is_configured(request, host) else ("http",)
    if origin.lower() not in [f"{scheme}://{host}" for scheme in schemes]:
        raise Refusal(403, "origin", "Pages of other sites may not use this daemon.")


def _allowed_hosts(request: web.Request) -> set[str]:
    port = _port(request)
    loopback = {f"{name}:{port}" for name in _LOOPBACK_NAMES}
    if port == 80:
        loopback.update(_LOOPBACK_NAMES)
    return loopback | {name.lower() for name in request.app[SERVICES].hosts}


def _is_configured(request: web.Request, host: str) -> bool:
    return host in {name.lower() for name in request.app[SERVICES].hosts}


def _port(request: web.Request) -> int:
    transport = request.transport
    name = None if transport is None else transport.get_extra_info("sockname")
    return int(name[1]) if isinstance(name, tuple) else 0
