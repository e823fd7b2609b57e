"""What the daemon answers to the command line, as JSON, and how a test calls `rota`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from click.testing import Result

from rota.core.instant import to_ms

NOW = datetime(2026, 9, 24, 10, 0, tzinfo=UTC)
Rota = Callable[..., Result]


def ms(**ago: float) -> int:
    return to_ms(NOW - timedelta(**ago))


def a_job(name: str = "backup", **changes: Any) -> dict[str, Any]:
    last = {
        "id": f"{name}.7",
        "state": "failed",
        "reason": "exit",
        "message": "exit code 3",
        "startedAt": ms(minutes=5),
        "endedAt": ms(minutes=4),
    }
    return {
        "id": name,
        "title": "",
        "state": "failed",
        "stale": False,
        "problems": [],
        "paused": None,
        "pauses": [],
        "skipNext": None,
        "schedule": {"text": "daily at 02:00", "triggers": []},
        "nextAt": to_ms(NOW + timedelta(hours=2)),
        "lastRun": last,
        "params": {"keep": {"type": "integer"}, "name": {"type": "string"}},
        **changes,
    }


def a_run(state: str = "completed", **changes: Any) -> dict[str, Any]:
    return {
        "id": "backup.8",
        "number": 8,
        "state": state,
        "reason": None,
        "message": "",
        "trigger": "manual",
        "createdAt": ms(minutes=2),
        "startedAt": ms(minutes=2),
        "endedAt": ms(minutes=1) if state == "completed" else None,
        "exitCode": None,
        "retryOf": None,
        "steps": [],
        "attempts": [],
        "count": 1,
        **changes,
    }


def an_attempt(step: str = "main", n: int = 1) -> dict[str, Any]:
    return {"step": step, "n": n, "startedAt": ms(minutes=2)}


def lines(*texts: str, start: int = 0, end: bool = True) -> dict[str, Any]:
    entries = [{"n": start + i, "at": ms(), "text": text, "level": "info"} for i, text in enumerate(texts)]
    return {"lines": entries, "next": start + len(texts), "end": end}


def listed(*jobs: dict[str, Any]) -> dict[str, Any]:
    return {"jobs": list(jobs), "total": len(jobs), "nextCursor": None}
