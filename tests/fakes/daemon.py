"""A daemon for the command line that answers what a test put down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rota.cli.client import Query, with_query
from rota.cli.failure import NoDaemon, Refused


class ScriptedDaemon:
    """`says` puts an answer at a path; several answers are given one after another, the last for ever."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, Mapping[str, object]]] = []
        self.asked: list[str] = []
        self._answers: dict[str, list[Any]] = {}

    def says(self, path: str, *answers: Any) -> None:
        """An answer is JSON, an exception to raise, or a function of no arguments that makes either."""
        self._answers[path] = list(answers)

    def get(self, path: str, query: Query | None = None) -> Any:
        target = with_query(path, query or {})
        self.asked.append(target)
        return self._answer(target, path)

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        self.posted.append((path, dict(body or {})))
        return self._answer(path, path)

    def probe(self, path: str) -> tuple[int, Any]:
        status, value = self._answer(path, path)
        return status, value

    def _answer(self, target: str, path: str) -> Any:
        answers = self._answers.get(target) or self._answers.get(path)
        if not answers:
            raise Refused(f"There is no {target}.", status=404)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            answer = answer()
        if isinstance(answer, NoDaemon | Refused):
            raise answer
        return answer
