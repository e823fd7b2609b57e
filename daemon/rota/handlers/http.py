"""`http:` work: one request, judged by `expect`. Run as `python -m rota.handlers.http`; exits 0 or 1."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from rota.handlers.request import Request, judge, send, statuses
from rota.handlers.verdict import say, say_foreign, say_outputs, settings


def main(given: Mapping[str, Any]) -> int:
    """Send the request of an `http:` block and print what came back."""
    request = build(given)
    expect = given.get("expect") or {}
    say(f"{request.method} {request.url}")
    try:
        answer = send(request)
    except (OSError, ValueError) as error:
        say(f"failed: {error}")
        return 1
    verdict = judge(answer, statuses(expect.get("status")), expect.get("contains"))
    say_foreign(answer.text)
    say(verdict.text if verdict.ok else f"failed: {verdict.text}")
    say_outputs(verdict.outputs)
    return 0 if verdict.ok else 1


def build(given: Mapping[str, Any]) -> Request:
    """The request of a checked `http:` block."""
    headers = {str(name): str(value) for name, value in (given.get("headers") or {}).items()}
    body = None
    if "json" in given:
        body = json.dumps(given["json"]).encode()
        if "content-type" not in {name.lower() for name in headers}:
            headers["Content-Type"] = "application/json"
    elif given.get("body") is not None:
        body = str(given["body"]).encode()
    return Request(
        url=given["url"],
        method=given.get("method") or "GET",
        headers=headers,
        body=body,
        timeout=float(given.get("timeout") or 30),
    )


if __name__ == "__main__":
    sys.exit(main(settings()))
