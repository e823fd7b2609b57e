"""Attempts that run as another user, or stand back behind others; and who may command a runner of root's."""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from eventually import eventually
from rota.cli.doctor import examined
from rota.cli.outside import Outside
from rota.core.board import HealthState
from rota.core.model import RunAs
from rota.core.seams import EndCause, Refused
from rota.process.layout import find_layout
from runner_process import ROOT, Bench, RunnerProcess, is_alive, soon

OTHER, THIRD = "nobody", "daemon"  # accounts that every host has

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become others")
unprivileged = pytest.mark.skipif(os.geteuid() == 0, reason="root can become others")


@pytest.fixture
def runner() -> Iterator[RunnerProcess]:
    """One whose state directory other users can pass through, as they can through /var/lib."""
    runner = RunnerProcess()
    runner.folder.chmod(0o711)
    yield runner
    runner.clean()


@pytest.fixture
def ruled() -> Iterator[RunnerProcess]:
    """A runner of root's for the daemon of root itself, with rules."""
    runner = RunnerProcess("-c", _with_rules("default_user: nobody\nusers: [daemon]\n"))
    yield runner
    runner.clean()


async def test_umask_and_nice_need_nobody_else(bench: Bench) -> None:
    order = replace(bench.order("umask; nice"), run_as=RunAs(umask=0o027, nice=7, io="idle"))

    await bench.start(order)
    await bench.end(order)

    assert bench.log(order) == "0027\n7\n"


async def test_limits_of_open_files_hold_for_it_too(bench: Bench) -> None:
    order = replace(bench.order("ulimit -Sn; ulimit -Hn"), nofile=64, run_as=RunAs(nice=1))
    plain = replace(bench.order("ulimit -Sn"), run_as=RunAs(nice=1))

    for each in (order, plain):
        await bench.start(each)
        await bench.end(each)
    _, usual = await bench.run("ulimit -Sn")

    assert bench.log(order) == "64\n64\n"
    assert bench.log(plain) == usual


async def test_io_priorities_are_those_of_the_kernel(bench: Bench) -> None:
    order = replace(bench.order("sleep 60"), run_as=RunAs(io="best-effort:6"))

    started = await bench.start(order)

    assert _io_priority(started.pid) == (2 << 13) | 6
    await bench.client.terminate(order.ref, immediately=True)
    await bench.end(order)


async def test_a_job_that_wishes_nothing_has_the_usual_umask(bench: Bench) -> None:
    ended, log = await bench.run("umask")

    assert (ended.exit_code, log) == (0, "0022\n")


async def test_to_name_its_own_user_is_no_wish(bench: Bench) -> None:
    me = pwd.getpwuid(os.geteuid()).pw_name
    order = replace(bench.order("id -un"), run_as=RunAs(user=me))

    await bench.start(order)
    await bench.end(order)

    assert bench.log(order) == f"{me}\n"


async def test_a_user_that_is_not_there_is_refused_in_words(bench: Bench) -> None:
    refused = await soon(bench.client.start(replace(bench.order("true"), run_as=RunAs(user="no-such-user"))))

    assert isinstance(refused, Refused)
    assert refused.code == "EPERM"
    assert refused.message in ("there is no user no-such-user on this host",)
    assert not (bench.runner.state / "job" / "1").exists()


@unprivileged
async def test_a_runner_that_is_not_root_says_whom_it_can_not_become(bench: Bench) -> None:
    refused = await soon(bench.client.start(replace(bench.order("true"), run_as=RunAs(user="root"))))

    assert isinstance(refused, Refused)
    assert "can't become root: a runner of root's can" in refused.message


@only_root
async def test_a_job_of_another_user_is_that_users_in_all_it_does(bench: Bench) -> None:
    script = (
        "id -u; id -G; echo size=7 > $ROTA_OUTPUT; touch /dev/stderr; echo to-stderr > /dev/stderr;"
        " ls $HERE 2>/dev/null || echo hidden; cat ../*/output.log 2>/dev/null || echo closed"
    )
    order = replace(bench.order(script), cwd="/", run_as=RunAs(user=OTHER, umask=0o077))
    account = pwd.getpwnam(OTHER)

    await bench.start(order)
    ended = await bench.end(order)

    groups = " ".join(str(each) for each in os.getgrouplist(OTHER, account.pw_gid))
    assert bench.log(order).splitlines() == [str(account.pw_uid), groups, "to-stderr", "hidden", "closed"]
    assert ended.exit_code == 0
    job = bench.runner.state / "job" / "1" / "main.1" / "job"
    assert {each.stat().st_uid for each in (job, job / "out", job / "outputs")} == {account.pw_uid}
    assert bench.logs.outputs(order.ref) == {"size": "7"}


@only_root
async def test_jobs_of_other_users_share_no_keys(bench: Bench) -> None:
    number = {"x86_64": 250, "aarch64": 219}.get(os.uname().machine, -1)
    if ctypes.CDLL(None).syscall(number, 0, -3, 0) < 0:  # the keyring of this session
        pytest.skip("there are no keys here")
    ask = f'python3 -S -c "import ctypes; print(ctypes.CDLL(None).syscall({number}, 0, -3, 0))"'
    orders = [replace(bench.order(ask), cwd="/", run_as=RunAs(user=user)) for user in (OTHER, THIRD)]

    for order in orders:
        await bench.start(order)
        await bench.end(order)
    _, of_runner = await bench.run(ask)

    keyrings = [bench.log(order) for order in orders]
    assert len({*keyrings, of_runner}) == 3, (keyrings, of_runner)


@only_root
async def test_what_another_user_leaves_behind_is_ended_too(bench: Bench) -> None:
    script = "setsid bash -c 'trap \"\" TERM; echo left $$; sleep 600' & wait"
    order = replace(bench.order(script, grace_ms=200), cwd="/", run_as=RunAs(user=OTHER))

    await bench.start(order)
    bench.wait_for(order, "left")
    await bench.client.terminate(order.ref)
    ended = await bench.end(order)

    assert ended.cause is EndCause.KILLED
    left = int(bench.log(order).split()[1])
    eventually(lambda: not is_alive(left))


@only_root
async def test_who_claims_to_be_part_of_another_users_run_is_left_alone(bench: Bench) -> None:
    order = replace(bench.order("sleep 600"), cwd="/", run_as=RunAs(user=OTHER))
    await bench.start(order)
    stranger = _claiming(order.ref.id)
    try:
        await bench.client.terminate(order.ref, immediately=True)

        assert (await bench.end(order)).cause is EndCause.KILLED
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@only_root
async def test_notices_count_when_they_come_from_the_jobs_user_or_root(bench: Bench) -> None:
    order = replace(bench.order(_saying("mine") + "; sleep 60"), cwd="/", run_as=RunAs(user=OTHER))
    await bench.start(order)
    [path] = (bench.runner.state / ".notify").iterdir()
    uid = pwd.getpwnam(THIRD).pw_uid

    # Whoever has the path may still not write to it.
    assert "PermissionError" in _as_user(uid, _SEND, str(path)).stderr
    eventually(lambda: "mine" in json.dumps(_status(bench.runner)))
    assert "not mine" not in json.dumps(_status(bench.runner))
    await bench.client.terminate(order.ref, immediately=True)
    await bench.end(order)


@only_root
async def test_the_next_runner_hears_that_user_too(bench: Bench) -> None:
    script = "until [ -e /tmp/$NAME ]; do sleep 0.05; done; " + _saying("late") + "; sleep 60"
    order = bench.order(script)
    order = replace(
        order,
        cwd="/",
        env={**order.env, "NAME": f"{bench.runner.folder.name}-go"},
        run_as=RunAs(user=OTHER),
    )
    await bench.start(order)
    bench.runner.kill9()
    bench.runner.start()
    await bench.reconnect()

    go = Path("/tmp") / f"{bench.runner.folder.name}-go"
    go.touch()
    try:
        eventually(lambda: "late" in json.dumps(_status(bench.runner)))
    finally:
        go.unlink()
    await bench.client.terminate(order.ref, immediately=True)
    assert (await bench.end(order)).cause is EndCause.KILLED


@only_root
def test_doctor_tells_of_a_folder_through_which_other_users_can_not_pass() -> None:
    runner = RunnerProcess()  # in a folder for its own user alone
    try:
        layout = replace(find_layout(os.environ, uid=0, state=runner.folder), runner_socket=runner.socket)
        found = {each.key: each for each in examined(layout, layout.socket, Outside())}["runner"]
    finally:
        runner.clean()

    assert found.state is HealthState.WARN
    assert f"reach neither ROTA_OUTPUT nor NOTIFY_SOCKET below {runner.folder}" in found.note
    assert f"chmod o+x {runner.folder}" in found.hint


@only_root
async def test_rules_decide_whom_jobs_run_as(ruled: RunnerProcess) -> None:
    bench = Bench(ruled)
    await bench.client.open()
    plain, named = bench.order("id -un"), bench.order("id -un")
    named = replace(named, cwd="/", run_as=RunAs(user="daemon"))
    forbidden = replace(bench.order("id -un"), cwd="/", run_as=RunAs(user="root"))

    for order in (replace(plain, cwd="/"), named):
        await bench.start(order)
        await bench.end(order)
    refused = await soon(bench.client.start(forbidden))
    hurry = await soon(bench.client.start(replace(bench.order("true"), run_as=RunAs(nice=-5))))

    assert (bench.log(plain), bench.log(named)) == ("nobody\n", "daemon\n")
    rules = f"{ruled.folder}/runner.yaml"
    assert refused == Refused(
        code="EPERM", message=f"jobs may not run as root here: write `root: true` in {rules}"
    )
    assert isinstance(hurry, Refused)
    assert "nice -5" in hurry.message
    facts = bench.client.facts
    assert facts is not None
    assert (facts.user, list(facts.users), facts.any_user, facts.is_root) == (
        "nobody",
        ["nobody", "daemon"],
        False,
        True,
    )
    await bench.client.close()


@only_root
async def test_secrets_of_files_are_read_with_the_rights_of_the_jobs_user(ruled: RunnerProcess) -> None:
    bench = Bench(ruled)
    await bench.client.open()
    of_root, own = ruled.folder / "of-root", ruled.folder / "own"
    of_root.write_text("only for root")
    own.write_text("for nobody else")
    of_root.chmod(0o600)
    own.chmod(0o400)
    ruled.folder.chmod(0o711)
    os.chown(own, pwd.getpwnam(OTHER).pw_uid, -1)
    reads = replace(
        bench.order('[ "$SECRET" = "for nobody else" ]'), cwd="/", secrets={"SECRET": {"file": str(own)}}
    )

    refused = await soon(
        bench.client.start(replace(bench.order("true"), cwd="/", secrets={"SECRET": {"file": str(of_root)}}))
    )
    await bench.start(reads)

    assert refused == Refused(
        code="ENOKEY", message=f"the secret SECRET can't be read: {of_root}: Permission denied"
    )
    assert (await bench.end(reads)).exit_code == 0
    await bench.client.close()


@only_root
async def test_credentials_of_the_runner_are_for_any_job_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("for all of them")  # in a folder for root alone, as systemd makes it
    runner = RunnerProcess(
        "-c", _with_rules("default_user: nobody\n"), env={"CREDENTIALS_DIRECTORY": str(tmp_path)}
    )
    try:
        bench = Bench(runner)
        await bench.client.open()
        order = replace(
            bench.order('[ "$TOKEN" = "for all of them" ]'),
            cwd="/",
            secrets={"TOKEN": {"credential": "token"}},
        )
        above = replace(bench.order("true"), cwd="/", secrets={"TOKEN": {"credential": "../../etc/shadow"}})
        await bench.start(order)
        assert (await bench.end(order)).exit_code == 0
        refused = await soon(bench.client.start(above))
        assert isinstance(refused, Refused)
        assert "is no name of a credential" in refused.message
        await bench.client.close()
    finally:
        runner.clean()


@only_root
@pytest.mark.parametrize(
    ("rules", "mode", "words", "said"),
    [
        ("users: [backup]\n", 0o644, ("--daemon-user", "daemon"), "needs `default_user: …`"),
        (None, 0o644, (), "there are no rules in"),
        ("default_user: nobody\n", 0o664, (), "can be written by others than root: chmod go-w"),
        ("default_user: nobody\n  users: [a]\n", 0o644, (), "runner.yaml:2: expected `key: value`"),
        ("default_user: no-such-user\n", 0o644, (), "no user no-such-user"),
        ("default_user: root\ndaemon_user: daemon\n", 0o644, (), "which needs `root: true`"),
        (
            "daemon_user: nobody\ndefault_user: nobody\n",
            0o644,
            ("--daemon-user", "daemon"),
            "must be the same",
        ),
    ],
)
def test_rules_that_can_not_be_obeyed_end_the_runner(
    tmp_path: Path, rules: str | None, mode: int, words: tuple[str, ...], said: str
) -> None:
    path = tmp_path / "runner.yaml"
    if rules is not None:
        path.write_text(rules)
        path.chmod(mode)

    ended = _runner(tmp_path, "--rules", str(path), *words)

    assert ended.returncode == 2
    assert said in ended.stderr


@only_root
def test_rules_in_a_folder_that_others_can_write_are_not_obeyed(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "runner.yaml").write_text("default_user: nobody\n")

    ended = _runner(tmp_path, "--rules", str(folder / "runner.yaml"))

    assert ended.returncode == 2
    assert f"{folder} can be written by others than root" in ended.stderr


@only_root
@pytest.mark.parametrize("which", ["rules", "state"])
def test_what_lies_where_others_can_replace_it_is_not_obeyed(tmp_path: Path, which: str) -> None:
    kept = tmp_path / "theirs" / "kept"
    kept.mkdir(parents=True)
    (tmp_path / "theirs").chmod(0o777)
    path = (kept if which == "rules" else tmp_path) / "runner.yaml"
    path.write_text("default_user: nobody\n")

    ended = _runner(kept if which == "state" else tmp_path, "--rules", str(path))

    assert ended.returncode == 2
    assert f"{tmp_path}/theirs can be written by others than root" in ended.stderr


@only_root
def test_only_the_daemons_user_and_root_may_command_it(tmp_path: Path) -> None:
    text = "daemon_user: daemon\ndefault_user: nobody\n"
    runner = RunnerProcess("-c", _with_rules(text))
    try:
        runner.folder.chmod(0o711)
        answers = {
            user: _as_user(pwd.getpwnam(user).pw_uid, _ASK, str(runner.socket)).stdout
            for user in ("root", "daemon", "nobody")
        }
    finally:
        runner.clean()

    assert '"user":"nobody"' in answers["root"]
    assert '"user":"nobody"' in answers["daemon"]
    assert answers["nobody"] == ""


@only_root
def test_what_it_makes_can_be_read_by_the_daemons_group_alone(tmp_path: Path) -> None:
    runner = RunnerProcess("-c", _with_rules("daemon_user: daemon\ndefault_user: nobody\n"))
    try:
        lock = (runner.state / ".lock").stat()
        assert (lock.st_gid, stat.S_IMODE(lock.st_mode)) == (pwd.getpwnam("daemon").pw_gid, 0o640)
        assert stat.S_IMODE(runner.state.stat().st_mode) == 0o751
    finally:
        runner.clean()


# It becomes the user only once it runs: the interpreter may lie where others can't look.
_BECOME = "import os, socket, sys; os.setgroups([]); os.setuid(int(sys.argv[1]));"
_SEND = f"{_BECOME} socket.socket(1, 2).sendto(b'STATUS=not mine', sys.argv[2])"
_ASK = (
    f"{_BECOME} s=socket.socket(1,5); s.settimeout(20); s.connect(sys.argv[2]);"
    's.send(b\'[{"type":"status"}]\'); print(s.recv(131072).decode())'
)


def _as_user(uid: int, script: str, path: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-S", "-c", script, str(uid), path]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def _claiming(attempt: str) -> subprocess.Popen[bytes]:
    """A process of a third user that says it belongs to that attempt."""
    env = {"ROTA_ATTEMPT_ID": attempt}
    return subprocess.Popen(["/bin/sleep", "600"], env=env, user=THIRD, start_new_session=True)


def _saying(text: str) -> str:
    send = f"s.sendto(b'STATUS={text}', os.environ['NOTIFY_SOCKET'])"
    return f'python3 -S -c "import os, socket; s = socket.socket(1, 2); {send}"'


def _with_rules(text: str) -> str:
    """A main that writes rules beside the socket and obeys them; its arguments are the runner's."""
    return (
        "import sys, os\n"
        "words = sys.argv[1:]\n"
        "path = os.path.dirname(words[words.index('--socket') + 1]) + '/runner.yaml'\n"
        f"open(path, 'w').write({text!r})\n"
        "from rota.runner.__main__ import main\n"
        "sys.exit(main([*words, '--rules', path]))\n"
    )


def _runner(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "rota.runner", "--state", str(folder / "state")]
    argv += ["--socket", str(folder / "runner.sock"), *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "daemon")}
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)


def _status(runner: RunnerProcess) -> object:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
        asking.settimeout(20)
        asking.connect(str(runner.socket))
        asking.send(b'[{"type":"status"}]')
        return json.loads(asking.recv(131072))


def _io_priority(pid: int) -> int:
    number = {"x86_64": 252, "aarch64": 31}.get(os.uname().machine)
    if number is None:
        pytest.skip("the number of ioprio_get is not known here")
    return ctypes.CDLL(None).syscall(number, 1, pid)  # type: ignore[no-any-return]
