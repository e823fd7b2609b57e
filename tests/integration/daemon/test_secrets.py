"""A secret is nowhere: not in files, ledger, API, pages or the process table, and yet jobs use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from daemon_process import CODE, DaemonProcess
from eventually import eventually

VALUE = "tr0ub4dor-and-3"
JOB = """
title: Keeps a secret
secrets: {{KEY: {{file: {file}}}}}
condition: {{run: 'echo asks with $KEY'}}
run: |
  echo "uses $KEY"; [ "$KEY" = tr0ub4dor-"and-3" ]
  echo "::output said=$KEY"; echo "::warning saw $KEY"; echo "::progress 1/2 with $KEY"
  echo "left=$KEY" >> "$ROTA_OUTPUT"
  until [ -e {go} ]; do sleep 0.05; done
  exit 3
"""


def is_anywhere(below: Path) -> list[Path]:
    files = [path for path in below.rglob("*") if path.is_file()]
    return [file for file in files if VALUE.encode() in file.read_bytes()]


def test_no_place_that_people_look_at_holds_a_secret(daemon: DaemonProcess, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{VALUE}\n")
    daemon.load("secret", JOB.format(file=tmp_path / "key", go=tmp_path / "go"))
    run = daemon.run("secret")
    eventually(lambda: "uses ***" in daemon.lines(run))
    arguments = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert VALUE not in arguments
    (tmp_path / "go").touch()

    ended = daemon.ended(run)

    assert ended["message"] == "exit code 3"
    assert ended["result"] == {"said": "***", "left": "***"}
    assert ended["warnings"] == ["saw ***"]
    told = [daemon.exchange("GET", f"/api/v1/{path}")[2] for path in ("jobs/secret", f"runs/{run}")]
    told += [daemon.exchange("GET", path)[2] for path in (f"/runs/{run}", "/jobs/secret", "/")]
    told.append(daemon.rota("env", "secret", "--json").stdout)
    assert VALUE not in "".join(told)
    assert is_anywhere(daemon.state) == []
    assert VALUE not in daemon.log.read_text()


def test_a_new_value_needs_no_restart_and_a_missing_one_is_a_reason(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    (tmp_path / "rotated").write_text("the first\n")
    daemon.load("rotated", f"secrets: {{KEY: {{file: {tmp_path}/rotated}}}}\nrun: echo $KEY | rev\n")

    first = daemon.ended(daemon.run("rotated"))
    (tmp_path / "rotated").write_text("the second\n")
    second = daemon.ended(daemon.run("rotated"))
    (tmp_path / "rotated").unlink()
    third = daemon.ended(daemon.run("rotated"))

    assert (daemon.lines(first["id"]), daemon.lines(second["id"])) == (["tsrif eht"], ["dnoces eht"])
    assert (third["state"], third["reason"]) == ("failed", "refused")
    assert third["message"] == (
        f"it could not be started: the secret KEY is not there: no {tmp_path}/rotated"
    )


def test_rota_env_says_where_a_secret_is(daemon: DaemonProcess) -> None:
    daemon.load("env-secret", "secrets: {PGPASSWORD: {credential: pgpass}}\nenv: {PGPASSWORD: x}\nrun: x\n")

    assert "PGPASSWORD=(secret: credential pgpass)  # secrets\n" in daemon.rota("env", "env-secret").stdout


def test_rota_try_reads_secrets_as_its_user(tmp_path: Path) -> None:
    (tmp_path / "dump.yaml").write_text("secrets: {KEY: {file: key}}\nrun: echo _$KEY\n")
    (tmp_path / "key").write_text(VALUE)

    tried = subprocess.run(
        [sys.executable, "-m", "rota", "try", str(tmp_path / "dump.yaml"), "--json"],
        env={**os.environ, "PYTHONPATH": CODE},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )

    assert "_***" in tried.stderr
    assert json.loads(tried.stdout)["state"] == "completed"
