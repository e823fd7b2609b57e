"""Does an address answer as expected? `{url, status, contains, timeout}`"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rota.handlers.request import Request, judge, send, statuses
from rota.handlers.verdict import Verdict


def subject(settings: Mapping[str, Any]) -> str:
    return str(settings["url"])


def look(settings: Mapping[str, Any]) -> Verdict:
    """A GET; redirects are followed."""
    try:
        answer = send(Request(url=settings["url"], timeout=float(settings.get("timeout") or 10)))
    except (OSError, ValueError) as error:
        return Verdict(ok=False, text=str(error))
    return judge(answer, statuses(settings.get("status")), settings.get("contains"))
