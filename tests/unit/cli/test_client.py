from __future__ import annotations

import json
import socketserver
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rota.cli.client import UnixDaemon, pages, route, with_query
from rota.cli.failure import NoDaemon, Refused


class Answering(BaseHTTPRequestHandler):
    """Answers what the test put down, and remembers what was asked."""

    answers: dict[str, tuple[int, str, bytes]]
    asked: list[tuple[str, str, bytes]]

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test's output is its own."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.command, self.path, body))
        status, kind, text = self.answers[self.path]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class Behind:
    """A daemon's socket with answers of the test's own behind it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers: dict[str, tuple[int, str, bytes]] = {}
        self.asked: list[tuple[str, str, bytes]] = []

    def says(self, path: str, value: object, status: int = 200) -> None:
        kind = "application/json" if status < 400 else "application/problem+json"
        self.answers[path] = (status, kind, json.dumps(value).encode())


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Behind]:
    behind = Behind(tmp_path / "rota.sock")
    handler = type("Handler", (Answering,), {"answers": behind.answers, "asked": behind.asked})
    with Server(str(behind.path), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield behind
        server.shutdown()
        thread.join()


def test_a_get_answers_the_json(behind: Behind) -> None:
    behind.says("/api/v1/jobs?tag=night", {"jobs": []})

    assert UnixDaemon(behind.path).get("/api/v1/jobs", {"tag": "night", "q": None}) == {"jobs": []}


def test_a_post_sends_json(behind: Behind) -> None:
    behind.says("/api/v1/reload", {"jobs": 3})

    assert UnixDaemon(behind.path).post("/api/v1/reload", {"confirm": True}) == {"jobs": 3}
    assert behind.asked == [("POST", "/api/v1/reload", b'{"confirm": true}')]


def test_a_problem_document_becomes_one_sentence_with_its_parts(behind: Behind) -> None:
    problems = [{"path": "/database", "message": "must be one of app and billing"}]
    behind.says(
        "/api/v1/x", {"detail": "The parameters don't fit.", "problems": problems, "reason": "r"}, 422
    )

    with pytest.raises(Refused) as refused:
        UnixDaemon(behind.path).post("/api/v1/x")

    assert refused.value.message == "The parameters don't fit.\n  /database: must be one of app and billing"
    assert (refused.value.status, refused.value.reason, refused.value.exit_code) == (422, "r", 1)


def test_a_refusal_that_is_an_answer_is_no_error(behind: Behind) -> None:
    behind.says("/readyz", {"status": "not ready"}, 503)

    assert UnixDaemon(behind.path).probe("/readyz") == (503, {"status": "not ready"})


def test_without_a_daemon_the_error_says_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        NoDaemon, match=r"no daemon answers at .*nobody\.sock: start it with `rota serve`"
    ) as no:
        UnixDaemon(tmp_path / "nobody.sock").get("/")

    assert no.value.exit_code == 2


def test_a_daemon_that_breaks_off_is_told_as_such(behind: Behind) -> None:
    behind.answers["/"] = (200, "application/json", b"")
    behind.answers.clear()  # the handler now fails before it answers

    with pytest.raises(NoDaemon, match="broke off"):
        UnixDaemon(behind.path).get("/")


def test_lists_are_followed_to_their_end(behind: Behind) -> None:
    behind.says("/l?limit=200", {"rows": [1, 2], "total": 3, "nextCursor": "c"})
    behind.says("/l?cursor=c&limit=200", {"rows": [3], "total": 3, "nextCursor": None})

    found: dict[str, Any] = pages(UnixDaemon(behind.path), "/l", "rows", {})

    assert found == {"rows": [1, 2, 3], "total": 3, "nextCursor": None}


def test_a_limited_list_asks_for_no_more_than_it_needs(behind: Behind) -> None:
    behind.says("/l?limit=2", {"rows": [1, 2], "total": 9, "nextCursor": "c"})

    assert pages(UnixDaemon(behind.path), "/l", "rows", {}, limit=2)["rows"] == [1, 2]


def test_segments_and_queries_are_quoted() -> None:
    assert route("trees", "job/a b") == "/api/v1/trees/job%2Fa%20b"
    assert (
        with_query("/x", {"state": ["a", "b"], "skipped": False, "no": None})
        == "/x?state=a&state=b&skipped=false"
    )
