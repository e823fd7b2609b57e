"""Secrets reach the process and nothing else: no log, no file, no message, whatever the job does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from eventually import eventually
from rota.core.seams import EndCause, Ended, Refused, StartOrder
from runner_process import Bench, RunnerProcess, soon

VALUE = "correct horse/+battery"


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[RunnerProcess]:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "pgpass").write_text(f"{VALUE}\n")
    runner = RunnerProcess(env={"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"), "TOKEN": VALUE})
    yield runner
    runner.clean()


def with_secrets(bench: Bench, script: str, secrets: Mapping[str, Mapping[str, str]]) -> StartOrder:
    return replace(bench.order(script), secrets=secrets)


async def run(bench: Bench, script: str, secrets: Mapping[str, Mapping[str, str]]) -> tuple[Ended, str]:
    order = with_secrets(bench, script, secrets)
    await bench.start(order)
    return await bench.end(order), bench.log(order)


async def refused(bench: Bench, place: Mapping[str, str]) -> str:
    answer = await soon(bench.client.start(with_secrets(bench, "true", {"KEY": place})))
    assert isinstance(answer, Refused)
    assert answer.code == "ENOKEY"
    return answer.message


def is_anywhere(below: Path, text: str) -> bool:
    files = [path for path in below.rglob("*") if path.is_file()]
    return any(text.encode() in file.read_bytes() for file in files)


@pytest.mark.parametrize("kind", ["credential", "file", "env"])
async def test_the_process_has_the_value_and_the_log_does_not(
    bench: Bench, tmp_path: Path, kind: str
) -> None:
    names = {"credential": "pgpass", "file": f"{tmp_path}/credentials/pgpass", "env": "TOKEN"}

    script = 'echo "<$KEY>"; [ "$KEY" = "correct horse/+battery" ]; echo $?'
    _, log = await run(bench, script, {"KEY": {kind: names[kind]}})

    assert log == "<***>\n0\n"


async def test_no_way_of_writing_it_leaves_it_in_any_file(bench: Bench) -> None:
    script = """
        set -x
        echo "$KEY" | base64
        printf '%s' "user:$KEY" | base64
        python3 -c 'import json,os,urllib.parse as u; k=os.environ["KEY"]; print(json.dumps(k), u.quote(k))'
        for at in $(seq 0 ${#KEY}); do printf '%s' "${KEY:$at:1}"; sleep 0.002; done; echo
        echo "::output said=$KEY"; echo "::progress 1/2 $KEY"
        echo "key=$KEY" >> $ROTA_OUTPUT; echo "size=3" >> $ROTA_OUTPUT
        systemd-notify --status="with $KEY" || true
    """
    order = with_secrets(bench, script, {"KEY": {"env": "TOKEN"}})
    await bench.start(order)
    ended = await bench.end(order)

    assert ended.exit_code == 0
    assert "::output said=***\n" in bench.log(order)
    assert bench.logs.outputs(order.ref) == {"key": "***", "size": "3"}
    assert all("horse" not in notice.text for notice in ended.notices)
    for form in (VALUE, "horse", "Y29ycmVjdCBob3JzZS8rYmF0dGVye", "correct%20horse"):
        assert not is_anywhere(bench.runner.state, form)


async def test_a_file_that_changes_needs_no_restart(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("first value")
    place = {"KEY": {"file": str(tmp_path / "key")}}

    _, first = await run(bench, "echo ${#KEY} $KEY", place)
    (tmp_path / "key").write_text("second value\n")
    _, second = await run(bench, "echo ${#KEY} $KEY first value", place)

    assert (first, second) == ("11 ***\n", "12 *** first value\n")


async def test_a_secret_that_can_not_be_had_is_named_and_nothing_is_started(
    bench: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "credentials"
    for name, content in (("empty", b"\n"), ("short", b"abc\n"), ("nul", b"ab\0cd"), ("long", b"x" * 20_000)):
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "fifo")

    assert await refused(bench, {"credential": "no"}) == (
        f"the secret KEY is not there: no credential no in {folder}"
    )
    assert await refused(bench, {"env": "NO"}) == "the secret KEY is not there: the runner has no variable NO"
    assert await refused(bench, {"file": "/no"}) == "the secret KEY is not there: no /no"
    assert await refused(bench, {"credential": "empty"}) == "the secret KEY is empty"
    assert "shorter than 4 bytes" in await refused(bench, {"credential": "short"})
    assert "NUL" in await refused(bench, {"credential": "nul"})
    assert "can't be read" in await refused(bench, {"credential": "long"})
    assert "no regular file" in await refused(bench, {"credential": "fifo"})
    assert "can't be read" in await refused(bench, {"file": str(folder)})
    assert not list(bench.runner.state.glob("job/*/*"))


@pytest.mark.parametrize("how", ["reload", "kill9"])
async def test_the_next_runner_masks_on_also_when_the_file_holds_another_value(
    bench: Bench, tmp_path: Path, how: str
) -> None:
    (tmp_path / "key").write_text(VALUE)
    script = "until [ -e $HERE/go ]; do sleep 0.01; done; echo $KEY; echo key=$KEY >> $ROTA_OUTPUT"
    order = with_secrets(bench, script, {"KEY": {"file": str(tmp_path / "key")}})
    await bench.start(order)
    (tmp_path / "key").write_text("another value")

    getattr(bench.runner, how)()
    if how == "kill9":
        bench.runner.start()
    await soon(bench.client.report([order.ref]))
    (bench.runner.folder / "go").touch()
    await bench.end(order)

    assert bench.log(order) == "***\n"
    assert not is_anywhere(bench.runner.state, "horse")


async def test_output_whose_secrets_nobody_knows_any_more_is_not_shown(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(VALUE)
    place = {"KEY": {"file": str(tmp_path / "key")}}
    unread = with_secrets(bench, "echo first; read -r go < $HERE/go; echo $KEY", place)
    os.mkfifo(bench.runner.folder / "go")
    started = await bench.start(unread)
    bench.wait_for(unread, "first")
    bench.runner.kill9()
    (tmp_path / "key").unlink()
    (bench.runner.folder / "go").write_text("go\n")
    eventually(lambda: not Path(f"/proc/{started.pid}").exists() or not environ(started.pid))
    bench.runner.start()
    await bench.reconnect()
    ended = await bench.end(unread)

    assert ended.cause is EndCause.UNKNOWN
    assert "its secrets could not be read again" in bench.log(unread)
    assert not is_anywhere(bench.runner.state, "horse")


def environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
