from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rota.cli.failure import NoDaemon
from rota.cli.runner import ask_status


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(tmp_path / "runner.sock"))
        listener.listen()
        yield listener


def answering(listener: socket.socket, *packets: list[dict[str, Any]]) -> Thread:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            assert json.loads(connection.recv(4096)) == [{"type": "status"}]
            for packet in packets:
                connection.send(json.dumps(packet).encode())

    thread = Thread(target=serve)
    thread.start()
    return thread


def test_pages_of_a_long_table_become_one(runner: socket.socket) -> None:
    first: dict[str, Any] = {
        "type": "status",
        "pid": 7,
        "live": [{"directory": "a/1/main.1"}],
        "ended": [],
        "more": True,
    }
    last: dict[str, Any] = {
        "type": "status",
        "pid": 7,
        "live": [{"directory": "b/1/main.1"}],
        "ended": [],
        "more": False,
    }
    thread = answering(runner, [first], [last])

    found = ask_status(Path(runner.getsockname()))

    thread.join()
    assert found == {"pid": 7, "live": [*first["live"], *last["live"]], "ended": []}


def test_a_runner_that_closes_the_connection_is_none(runner: socket.socket) -> None:
    thread = answering(runner)

    with pytest.raises(NoDaemon, match="closed the connection"):
        ask_status(Path(runner.getsockname()))

    thread.join()


def test_without_a_runner_the_error_names_the_socket(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon, match=r"no runner answers at .*runner\.sock"):
        ask_status(tmp_path / "runner.sock")
