"""The daemon may open no file more: it waits without turning round, jobs go on, and so does it afterwards."""

from __future__ import annotations

import http.client
import json
import resource
import socket
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from daemon_process import DaemonProcess
from eventually import eventually

SAMPLES = 20  # one hundredth of a second apart


def test_without_descriptors_it_waits_calmly_and_goes_on_when_there_are_some(tmp_path: Path) -> None:
    daemon, go = DaemonProcess(tmp_path), tmp_path / "go"
    work = "echo one; until [ -e {go} ]; do sleep 0.05; done; echo two; echo size=7 > $ROTA_OUTPUT; exit 3"
    daemon.job("under-way", f"run: {work.format(go=go)}\n")
    daemon.job("other", "run: echo other\n")
    with daemon, ExitStack() as guests:
        run = daemon.run("under-way")
        eventually(lambda: daemon.lines(run) == ["one"], within=60)
        pid = daemon.get(f"/api/v1/runs/{run}")["pid"]
        guest = guests.enter_context(closing(_Guest(str(daemon.ready["socket"]))))
        assert guest.get("/healthz")[0] == 200
        _allow(daemon.pid, _first_free(daemon.pid))

        _sleeps_while_somebody_waits(daemon)
        answers = [guest.get(path) for path in (f"/api/v1/runs/{run}/log?from=0", f"/runs/{run}", "/")]
        go.touch()
        eventually(lambda: not Path(f"/proc/{pid}").exists(), within=60)
        daemon.job("new", "run: echo new\n")

        _allow(daemon.pid, 1024)
        ended = daemon.ended(run, within=60)
        assert {status for status, _ in answers} <= {200, 503}, answers
        assert (ended["state"], ended["exitCode"], ended["result"]) == ("failed", 3, {"size": "7"})
        assert daemon.lines(run) == ["one", "two"]
        assert daemon.lines(daemon.ended(daemon.run("other"), within=60)["id"]) == ["other"]
        eventually(lambda: daemon.request("GET", "/api/v1/jobs/new")[0] == 200, within=60)
        assert daemon.request("GET", "/readyz")[0] == 200
        assert daemon.log.read_text().count("web.not_accepting") == 1


def test_the_daemon_takes_all_the_files_it_can_get_and_jobs_begin_with_as_many_as_it_did(
    tmp_path: Path,
) -> None:
    own, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    daemon = DaemonProcess(tmp_path)
    daemon.job("asks", "run: ulimit -Sn; ulimit -Hn\n")
    with daemon:
        asked = daemon.lines(daemon.ended(daemon.run("asks"), within=60)["id"])

        assert resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE) == (hard, hard)
        assert asked == [str(own), str(hard)]


def _sleeps_while_somebody_waits(daemon: DaemonProcess) -> None:
    """One that turned round and round would never be found asleep so often in a row."""
    with socket.socket(socket.AF_UNIX) as waiting:
        waiting.connect(str(daemon.ready["socket"]))
        eventually(lambda: "web.not_accepting" in daemon.log.read_text(), within=60)
        in_a_row = 0

        def asleep() -> bool:
            nonlocal in_a_row
            in_a_row = in_a_row + 1 if _is_asleep(daemon.pid) else 0
            return in_a_row == SAMPLES

        eventually(asleep, within=60)


class _Guest:
    """Somebody whose connection is open already."""

    def __init__(self, path: str) -> None:
        self._connection = http.client.HTTPConnection("localhost", timeout=30)
        self._connection.sock = socket.socket(socket.AF_UNIX)
        self._connection.sock.settimeout(30)
        self._connection.sock.connect(path)

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str) -> tuple[int, Any]:
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        body = response.read().decode()
        is_json = "json" in response.headers.get_content_type()
        return response.status, json.loads(body) if is_json else body[:200]


def _allow(pid: int, most: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, hard))


def _first_free(pid: int) -> int:
    """The number that the next file would get."""
    taken = {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    return next(number for number in range(len(taken) + 1) if number not in taken)


def _is_asleep(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"
