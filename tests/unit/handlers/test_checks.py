"""The built-in checks against real files, sockets and programs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rota.core.model import Check
from rota.handlers.check.__main__ import main
from rota.handlers.check.kinds import KINDS, look, subject
from rota.handlers.work import prepare

HOUR = 3600


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def check(kind: str, **settings: object) -> dict[str, Any]:
    return {"kind": kind, "settings": settings}


def test_a_disk_with_enough_space_is_ok_and_says_how_much() -> None:
    verdict = look("disk", {"path": "/", "free": {"bytes": 1}})

    assert verdict.ok
    assert int(verdict.outputs["free_bytes"]) > 0


def test_a_disk_with_too_little_space_says_what_was_expected() -> None:
    by_part = look("disk", {"path": "/", "free": {"fraction": 1.0}})
    by_size = look("disk", {"path": "/", "free": {"bytes": 1 << 60}})

    assert (by_part.ok, by_size.ok) == (False, False)
    assert "expected at least 100%" in by_part.text
    assert "expected at least 1048576.0 TiB" in by_size.text


def test_a_disk_that_is_not_there_fails() -> None:
    assert "No such file" in look("disk", {"path": "/nowhere", "free": {"bytes": 1}}).text


def test_a_port_that_takes_connections_is_ok(port: int) -> None:
    verdict = look("tcp", {"host": "127.0.0.1", "port": port, "timeout": 5.0})

    assert verdict.ok
    assert "latency_ms" in verdict.outputs


def test_a_port_that_takes_none_fails() -> None:
    assert look("tcp", {"host": "127.0.0.1", "port": 9}).text == "Connection refused"


def test_an_address_that_does_not_answer_in_time_fails(port: int) -> None:
    verdict = look("http", {"url": f"http://127.0.0.1:{port}/", "timeout": 0.05})

    assert not verdict.ok
    assert "within 0.05 s" in verdict.text or "timed out" in verdict.text


def test_the_newest_file_of_a_pattern_counts(tmp_path: Path) -> None:
    for name, age in (("old.gz", 50), ("new.gz", 2)):
        _file_of_age(tmp_path / name, hours=age)

    fresh = look("file_age", {"glob": f"{tmp_path}/*.gz", "max_age": 26 * HOUR})
    stale = look("file_age", {"path": str(tmp_path / "old.gz"), "max_age": 26 * HOUR})

    assert fresh.ok
    assert not stale.ok
    assert "is 2 d old, expected at most 26 h" in stale.text


def test_a_file_that_is_not_there_fails(tmp_path: Path) -> None:
    assert not look("file_age", {"path": str(tmp_path / "x"), "max_age": 1.0}).ok


@pytest.mark.parametrize(
    ("settings", "ok", "text"),
    [
        ({"exec": ["true"]}, True, "exit code 0"),
        ({"run": "echo hello; exit 3"}, False, "exit code 3, expected 0"),
        ({"run": "exit 3", "ok": [0, 3]}, True, "exit code 3"),
        ({"run": "false | true"}, False, "exit code 1, expected 0"),
        ({"run": "kill -9 $$", "shell": ["sh", "-c"]}, False, "killed by signal 9"),
        ({"exec": ["/no/such/program"]}, False, "can't be started: No such file or directory"),
        ({"run": "sleep 60 & sleep 60", "timeout": 0.05}, False, "did not end within 0.05 s"),
    ],
)
def test_a_command_is_judged_by_its_exit_code(settings: dict[str, Any], ok: bool, text: str) -> None:
    verdict = look("command", settings)

    assert (verdict.ok, verdict.text) == (ok, text)


def test_what_a_command_prints_is_shown_but_can_not_pose_as_markers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    look("command", {"run": "echo '::output forged=1'"})

    assert capsys.readouterr().out == "  ::output forged=1\n"


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(KeyError, match="no check is called 'dsk'"):
        look("dsk", {})


def test_one_check_ends_with_0_or_1_and_a_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(check("command", exec=["true"])) == 0
    assert main(check("command", exec=["false"])) == 1

    assert capsys.readouterr().out.splitlines() == [
        "ok: true: exit code 0",
        "failed: false: exit code 1, expected 0",
    ]


def test_several_checks_fail_from_their_threshold_on(capsys: pytest.CaptureFixture[str]) -> None:
    checks = [check("command", exec=["true"]), check("command", exec=["false"]) | {"name": "storage"}]

    assert main({"kind": "checks", "settings": {"checks": checks, "threshold": 1}}) == 1
    assert main({"kind": "checks", "settings": {"checks": checks, "threshold": 2}}) == 0

    lines = capsys.readouterr().out.splitlines()
    assert "::progress 1/2 storage" in lines
    assert "::output failed=1" in lines
    assert lines[-1] == "::warning storage failed; 2 must fail for the job to fail"


def test_every_kind_names_its_subject() -> None:
    settings = {"path": "/p", "host": "h", "port": 1, "url": "u", "exec": ["e"]}

    assert [subject(kind, settings) for kind in KINDS] == ["/p", "h:1", "u", "/p", "e"]


@pytest.mark.slow  # starts a Python of its own
def test_a_check_is_a_process_of_its_own_with_nothing_but_its_settings() -> None:
    prepared = prepare(Check(kind="disk", settings={"path": "/", "free": {"bytes": 1}}), {})

    ended = subprocess.run(prepared.argv, env=dict(prepared.env), capture_output=True, text=True)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("ok: /: ")
    assert json.loads(prepared.env["ROTA_WORK"])["kind"] == "disk"


def _file_of_age(path: Path, *, hours: float) -> None:
    path.touch()
    at = path.stat().st_mtime - hours * HOUR
    os.utime(path, (at, at))
