from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from rota.core.errors import UsageError
from rota.host.listen import address_of, boot_id, open_tcp, open_unix, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8321", ("127.0.0.1", 8321)),
        ("[::1]:80", ("::1", 80)),
        ("localhost:0", ("localhost", 0)),
        ("127.9.9.9:1", ("127.9.9.9", 1)),
    ],
)
def test_a_loopback_address_is_host_and_port(text: str, expected: tuple[str, int]) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize("text", ["8321", ":8321", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000", ""])
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"such as 127\.0\.0\.1:8321"):
        parse_address(text)


@pytest.mark.parametrize("text", ["0.0.0.0:8321", "192.0.2.1:80", "[::]:8321", "example.org:80"])
def test_an_address_beyond_this_machine_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="only loopback"):
        parse_address(text)


def test_port_zero_picks_a_free_port_that_the_address_names() -> None:
    with open_tcp("127.0.0.1:0") as listener:
        port = listener.getsockname()[1]

        assert address_of(listener) == f"http://127.0.0.1:{port}"


def test_a_taken_port_is_an_error_that_says_what_to_do() -> None:
    with open_tcp("127.0.0.1:0") as taken, pytest.raises(UsageError, match="--listen names another"):
        open_tcp(f"127.0.0.1:{taken.getsockname()[1]}")


def test_the_unix_socket_is_for_owner_and_group_and_replaces_a_dead_one(tmp_path: Path) -> None:
    path = tmp_path / "run" / "rota.sock"
    open_unix(path).close()

    with open_unix(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))

    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_socket_path_that_can_not_be_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="AF_UNIX path too long; --socket names another"):
        open_unix(tmp_path / ("x" * 200))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to somebody else")
def test_no_socket_is_made_where_somebody_else_was_first(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    theirs = shared / "rota-0"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)

    with pytest.raises(UsageError, match="rota-0 belongs to somebody else"):
        open_unix(theirs / "rota" / "rota.sock")


def test_a_folder_that_not_everybody_could_make_may_be_of_anybody(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    if os.geteuid() == 0:
        os.chown(theirs, 65534, 65534)

    open_unix(theirs / "rota.sock").close()


def test_the_boot_is_the_one_that_the_service_manager_names(tmp_path: Path) -> None:
    (tmp_path / "boot-id").write_text("7d8e1c5a-0000-4000-8000-000000000000\n")

    assert boot_id({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "7d8e1c5a-0000-4000-8000-000000000000"


def test_the_boot_is_the_one_of_the_kernel_where_nobody_names_it(tmp_path: Path) -> None:
    kernel = Path("/proc/sys/kernel/random/boot_id").read_text().strip()

    assert boot_id({}) == kernel
    assert boot_id({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == kernel
