"""Does a port take connections? `{host, port, timeout}`"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from typing import Any

from rota.handlers.verdict import Verdict, time_limit


def subject(settings: Mapping[str, Any]) -> str:
    return f"{settings['host']}:{settings['port']}"


def look(settings: Mapping[str, Any]) -> Verdict:
    """Names are resolved and every address tried, all within the timeout."""
    timeout = float(settings.get("timeout") or 5)
    began = time.monotonic()
    try:
        with time_limit(timeout), socket.create_connection((settings["host"], settings["port"]), timeout):
            latency = round((time.monotonic() - began) * 1000)
    except OSError as error:
        return Verdict(ok=False, text=error.strerror or str(error))
    return Verdict(ok=True, text=f"connected in {latency} ms", outputs={"latency_ms": str(latency)})
