"""One HTTP request with the standard library, for `http:` work and for the http check."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from rota.handlers.verdict import Verdict, time_limit

_MOST = 1024 * 1024  # bytes of an answer that are read


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout: float = 30.0  # seconds, for the whole of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    text: str
    latency_ms: int


def send(request: Request) -> Answer:
    """The answer, whatever its status; redirects are followed.

    Raises OSError (TimeoutError among them) or ValueError, with words for people, when there is none.
    """
    if not request.url.lower().startswith(("http://", "https://")):
        raise ValueError(f"{request.url!r} is no address that begins with http:// or https://")
    headers = {"User-Agent": "rota", **request.headers}
    # The scheme is checked above.
    prepared = urllib.request.Request(request.url, request.body, headers, method=request.method)
    began = time.monotonic()
    with time_limit(request.timeout):
        try:
            with urllib.request.urlopen(prepared, timeout=request.timeout) as response:
                status, body = response.status, response.read(_MOST)
        except urllib.error.HTTPError as error:
            with error:
                status, body = error.code, error.read(_MOST)
        except urllib.error.URLError as error:
            raise OSError(str(getattr(error.reason, "strerror", None) or error.reason)) from error
        except http.client.HTTPException as error:
            raise OSError(f"the answer is not HTTP: {error!r}") from error
    latency = round((time.monotonic() - began) * 1000)
    return Answer(status=status, text=body.decode("utf-8", "replace"), latency_ms=latency)


def judge(answer: Answer, statuses: Collection[int], contains: str | None) -> Verdict:
    """Whether the answer is as expected: one of `statuses` (none named: 200 to 299), with that text in it."""
    good = answer.status in statuses if statuses else 200 <= answer.status <= 299
    outputs = {"status": str(answer.status), "latency_ms": str(answer.latency_ms)}
    said = f"status {answer.status} in {answer.latency_ms} ms"
    if not good:
        wanted = ", ".join(str(status) for status in sorted(statuses)) or "200 to 299"
        return Verdict(ok=False, text=f"{said}, expected {wanted}", outputs=outputs)
    if contains is not None and contains not in answer.text:
        return Verdict(
            ok=False, text=f"{said}, but the answer does not contain {contains!r}", outputs=outputs
        )
    return Verdict(ok=True, text=said, outputs=outputs)


def statuses(value: object) -> frozenset[int]:
    """One status code, a list of them, or None, as a set."""
    if value is None:
        return frozenset()
    return frozenset(value) if isinstance(value, list) else frozenset({int(str(value))})
