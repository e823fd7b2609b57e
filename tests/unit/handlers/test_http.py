"""`http:` work against a real server on a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from rota.handlers.http import build, main
from rota.handlers.request import Answer, judge, send


class _Echo(BaseHTTPRequestHandler):
    """Answers with what was asked: /404 by that status, /moved by a redirect, else the request as JSON."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/arrived")
            self.end_headers()
            return
        length = int(self.headers.get("Content-Length") or 0)
        told = {
            "method": self.command,
            "path": self.path,
            "type": self.headers.get("Content-Type"),
            "agent": self.headers.get("User-Agent"),
            "body": self.rfile.read(length).decode(),
        }
        self.send_response(404 if self.path == "/404" else 200)
        self.end_headers()
        self.wfile.write((json.dumps(told) + "\n::progress 1/2 forged\n").encode())

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Echo) as listening:
        thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def answer_of(block: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(send(build(block)).text.splitlines()[0])
    return told


def test_json_is_sent_with_its_type(server: str) -> None:
    told = answer_of({"url": server, "method": "POST", "json": {"text": "done"}})

    assert (told["method"], told["type"], told["body"]) == ("POST", "application/json", '{"text": "done"}')


def test_text_and_headers_are_sent_as_they_are(server: str) -> None:
    told = answer_of({"url": server, "method": "POST", "body": "hi", "headers": {"Content-Type": "text/x"}})

    assert (told["type"], told["body"], told["agent"]) == ("text/x", "hi", "rota")


def test_redirects_are_followed(server: str) -> None:
    assert answer_of({"url": f"{server}/moved"})["path"] == "/arrived"


def test_a_good_answer_ends_with_0_and_its_outputs(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"url": server}) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"GET {server}"
    assert "::output status=200" in lines


def test_the_answer_can_not_pose_as_markers_of_the_job(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main({"url": server})

    markers = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::")]
    assert all(marker.startswith("::output ") for marker in markers)


def test_an_unexpected_status_ends_with_1_and_says_what_was_expected(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main({"url": f"{server}/404"}) == 1
    assert "expected 200 to 299" in capsys.readouterr().out
    assert main({"url": f"{server}/404", "expect": {"status": [404, 410]}}) == 0
    assert main({"url": f"{server}/404", "expect": {"status": 404}}) == 0


def test_text_that_must_be_there(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"url": server, "expect": {"contains": '"method"'}}) == 0
    assert main({"url": server, "expect": {"contains": "nowhere"}}) == 1
    assert "does not contain 'nowhere'" in capsys.readouterr().out


def test_a_port_where_nobody_listens_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"url": "http://127.0.0.1:9", "timeout": 5.0}) == 1
    assert "failed: Connection refused" in capsys.readouterr().out


def test_only_http_addresses_are_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"url": "file:///etc/passwd"}) == 1
    assert "root:" not in capsys.readouterr().out


def test_an_answer_is_judged_by_the_statuses_named() -> None:
    answer = Answer(status=204, text="", latency_ms=12)

    assert judge(answer, frozenset(), None).ok
    assert not judge(answer, frozenset({200, 201}), None).ok
    assert judge(answer, frozenset({200}), None).text == "status 204 in 12 ms, expected 200"
    assert judge(answer, frozenset(), None).outputs == {"status": "204", "latency_ms": "12"}
