"""Asking the daemon: its HTTP API over its Unix socket, with nothing but the standard library."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import quote, urlencode

from rota.cli.failure import NoDaemon, Refused

TIMEOUT_SECONDS = 30.0

Query = Mapping[str, object | None]


class Daemon(Protocol):
    """What commands need of the daemon; members are the API's shapes."""

    def get(self, path: str, query: Query | None = None) -> Any:
        """The JSON answer. None-valued query members are left out. Raises Refused or NoDaemon."""

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Like `get`, for what changes something."""

    def probe(self, path: str) -> tuple[int, Any]:
        """Status and JSON (or text) of a route whose refusal is an answer, such as /readyz."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content_type: str
    body: bytes

    def value(self) -> Any:
        if not self.body:
            return None
        if "json" in self.content_type:
            return json.loads(self.body)
        return self.body.decode("utf-8", "replace")


class UnixDaemon:
    """The daemon behind a Unix socket. A connection per request, so a restart between two goes unnoticed."""

    def __init__(self, path: Path, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._path = path
        self._timeout = timeout

    def get(self, path: str, query: Query | None = None) -> Any:
        return self._checked("GET", with_query(path, query or {}))

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        return self._checked("POST", path, dict(body or {}))

    def probe(self, path: str) -> tuple[int, Any]:
        answer = self._ask("GET", path)
        return answer.status, answer.value()

    def _checked(self, method: str, target: str, body: Mapping[str, object] | None = None) -> Any:
        answer = self._ask(method, target, body)
        if answer.status >= 400:
            raise _refusal(answer)
        return answer.value()

    def _ask(self, method: str, target: str, body: Mapping[str, object] | None = None) -> _Answer:
        connection = _UnixConnection(self._path, self._timeout)
        try:
            headers = {"Accept": "application/json"}
            payload = None
            if body is not None:
                payload = json.dumps(body).encode()
                headers["Content-Type"] = "application/json"
            connection.request(method, target, payload, headers)
            response = connection.getresponse()
            return _Answer(response.status, response.headers.get("Content-Type", ""), response.read())
        except (OSError, HTTPException) as error:
            raise NoDaemon(self._why(error)) from error
        finally:
            connection.close()

    def _why(self, error: Exception) -> str:
        if isinstance(error, PermissionError):
            return f"no permission for {self._path}: join the group that owns it, or ask its owner"
        if isinstance(error, TimeoutError):
            return f"the daemon at {self._path} did not answer within {self._timeout:g} s"
        if isinstance(error, FileNotFoundError | ConnectionRefusedError):
            return f"no daemon answers at {self._path}: start it with `rota serve`, or name its --state"
        return f"the daemon at {self._path} broke off: {error or type(error).__name__}"


def route(*segments: str) -> str:
    """A path below /api/v1 with every segment quoted: route("jobs", "a b") is /api/v1/jobs/a%20b."""
    return "/api/v1/" + "/".join(quote(segment, safe="") for segment in segments)


def with_query(path: str, query: Query) -> str:
    """The path with its query; None leaves a member out, True is `true`, lists repeat."""
    members = {name: _query_value(value) for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(members, doseq=True)}" if members else path


def pages(daemon: Daemon, path: str, key: str, query: Query, *, limit: int | None = None) -> dict[str, Any]:
    """Follow a paged list to its end, or to `limit` rows; what else the last page says stays as it is."""
    rows: list[Any] = []
    cursor: object = None
    while True:
        page = daemon.get(path, {**query, "cursor": cursor, "limit": _page_size(limit, len(rows))})
        rows.extend(page[key])
        cursor = page.get("nextCursor")
        if cursor is None or (limit is not None and len(rows) >= limit):
            return {**page, key: rows[:limit]}


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path
        self._limit = timeout

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._limit)
        self.sock.connect(str(self._path))


_LARGEST_PAGE = 200


def _page_size(limit: int | None, have: int) -> int:
    return _LARGEST_PAGE if limit is None else min(_LARGEST_PAGE, max(1, limit - have))


def _query_value(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return list(value) if isinstance(value, list | tuple) else str(value)


def _refusal(answer: _Answer) -> Refused:
    """A problem document (RFC 9457) as one line, with a line for each problem that it leaves untold."""
    value = answer.value() if answer.body else None
    if not isinstance(value, dict):
        return Refused(f"the daemon answered {answer.status}", status=answer.status)
    document = cast(dict[str, Any], value)
    detail = str(document.get("detail") or document.get("title") or f"the daemon answered {answer.status}")
    lines = [detail]
    for problem in document.get("problems", ()):
        place, message = problem.get("path") or "", str(problem.get("message", ""))
        if message not in detail:
            lines.append(f"  {place}: {message}" if place else f"  {message}")
    return Refused("\n".join(lines), status=answer.status, reason=str(document.get("reason", "")))


Connect = Callable[[Path], Daemon]
