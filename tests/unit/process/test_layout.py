"""Where state and sockets lie: flag before environment before systemd before the XDG directories."""

from __future__ import annotations

from pathlib import Path

import pytest

from rota.process import layout
from rota.process.layout import find_daemon, find_daemon_socket, find_layout, runtime_directory

HOME = {"HOME": "/home/ann"}
SYSTEMD = {**HOME, "STATE_DIRECTORY": "/var/lib/rota:/var/lib/other"}


def test_without_anything_it_is_the_home_of_state_and_a_folder_in_tmp() -> None:
    found = find_layout(HOME, uid=1000)

    assert found.state == Path("/home/ann/.local/state/rota")
    assert found.runner_state == found.state / "runner"
    assert found.socket.parent == found.runner_socket.parent
    assert str(found.socket).startswith("/tmp/rota-1000/rota/")
    assert found.socket.name == "rota.sock"


def test_the_xdg_directories_are_used() -> None:
    found = find_layout({"XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/run/user/7"}, uid=7)

    assert found.state == Path("/s/rota")
    assert found.runner_socket.is_relative_to("/run/user/7/rota")


def test_two_states_never_share_a_socket_and_one_finds_its_own_again() -> None:
    one, other = Path("/a/.rota"), Path("/b/.rota")

    assert runtime_directory(HOME, uid=1, state=one) == runtime_directory(HOME, uid=1, state=one)
    assert runtime_directory(HOME, uid=1, state=one) != runtime_directory(HOME, uid=1, state=other)


def test_under_systemd_it_is_where_the_units_say() -> None:
    found = find_layout(SYSTEMD, uid=0)

    assert found.state == Path("/var/lib/rota")
    assert found.socket == Path("/run/rota/rota.sock")
    assert found.runner_state == Path("/var/lib/rota-runner")
    assert found.runner_socket == Path("/run/rota-runner/runner.sock")


def test_the_environment_goes_before_systemd_and_a_flag_before_both() -> None:
    environ = {**SYSTEMD, "ROTA_STATE": "/env/state", "ROTA_SOCKET": "/env/rota.sock"}

    by_environment = find_layout(environ, uid=0)
    by_flag = find_layout(environ, uid=0, state=Path("/flag/state"), socket=Path("/flag/rota.sock"))

    assert (by_environment.state, by_environment.socket) == (Path("/env/state"), Path("/env/rota.sock"))
    assert by_environment.runner_state == Path("/env/state/runner")
    assert (by_flag.state, by_flag.socket) == (Path("/flag/state"), Path("/flag/rota.sock"))


def test_a_client_falls_back_on_the_packaged_daemon_only_when_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = tmp_path / "rota.sock"
    packaged.touch()
    monkeypatch.setattr(layout, "PACKAGED_SOCKET", packaged)
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}

    assert find_daemon_socket(environ, uid=1) == packaged
    assert find_daemon(environ, uid=1).runner_socket == layout.PACKAGED_RUNNER_SOCKET
    assert find_daemon(environ, uid=1).state == layout.PACKAGED_STATE
    assert find_daemon_socket(environ, uid=1, state=tmp_path) != packaged
    assert find_daemon_socket({**environ, "ROTA_STATE": "/x"}, uid=1) != packaged
