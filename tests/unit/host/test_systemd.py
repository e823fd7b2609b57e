from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rota.host.systemd import Notifier, take_sockets, take_watchdog_interval


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[socket.socket]:
    """The receiving end, as systemd binds it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(5)
        yield receiver


def heard(supervisor: socket.socket) -> str:
    return supervisor.recv(4096).decode()


def notifier(supervisor: socket.socket, *, monotonic_ns: int = 0) -> Notifier:
    return Notifier(supervisor.getsockname(), monotonic_ns=lambda: monotonic_ns)


def test_ready_carries_a_status(supervisor: socket.socket) -> None:
    assert notifier(supervisor).ready("10 jobs, next in 3 s")

    assert heard(supervisor) == "READY=1\nSTATUS=10 jobs, next in 3 s"


def test_reloading_carries_the_monotonic_time_that_systemd_asks_for(supervisor: socket.socket) -> None:
    assert notifier(supervisor, monotonic_ns=1_234_567_890).reloading()

    assert heard(supervisor) == "RELOADING=1\nMONOTONIC_USEC=1234567"


def test_stopping_status_and_watchdog_are_sent(supervisor: socket.socket) -> None:
    teller = notifier(supervisor)

    assert [teller.stopping("bye"), teller.status("idle"), teller.watchdog()] == [True, True, True]

    assert [heard(supervisor) for _ in range(3)] == ["STOPPING=1\nSTATUS=bye", "STATUS=idle", "WATCHDOG=1"]


def test_a_status_of_several_lines_can_not_smuggle_in_an_assignment(supervisor: socket.socket) -> None:
    notifier(supervisor).status("fine\nMAINPID=1")

    assert heard(supervisor) == "STATUS=fine MAINPID=1"


def test_an_abstract_address_is_understood() -> None:
    name = f"rota-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + name)
        receiver.settimeout(5)

        assert Notifier("@" + name).watchdog()

        assert heard(receiver) == "WATCHDOG=1"


@pytest.mark.parametrize("address", [None, "", "relative/path"])
def test_without_a_supervisor_nothing_is_sent(address: str | None) -> None:
    silent = Notifier(address)

    assert not silent.is_active
    assert not silent.ready("ready")


def test_a_supervisor_that_is_gone_does_not_hurt(tmp_path: Path) -> None:
    assert not Notifier(str(tmp_path / "nobody")).watchdog()


def test_a_supervisor_that_reads_nothing_never_blocks(supervisor: socket.socket) -> None:
    teller = notifier(supervisor)

    sent = [teller.watchdog() for _ in range(3000)]

    assert sent[0]
    assert not sent[-1]


def test_taking_the_notifier_removes_its_address_from_the_environment(supervisor: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": supervisor.getsockname(), "HOME": "/root"}

    assert Notifier.take(environ).is_active

    assert environ == {"HOME": "/root"}


def test_the_watchdog_interval_is_read_in_microseconds() -> None:
    environ = {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}

    assert take_watchdog_interval(environ, 7) == timedelta(seconds=30)
    assert environ == {}


@pytest.mark.parametrize(
    "environ",
    [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "5000", "WATCHDOG_PID": "8"}],
)
def test_without_a_watchdog_for_this_process_there_is_no_interval(environ: dict[str, str]) -> None:
    assert take_watchdog_interval(environ, 7) is None


def test_passed_sockets_come_with_their_names_in_order() -> None:
    with socket.create_server(("127.0.0.1", 0)) as page, socket.socket(socket.AF_UNIX) as control:
        first = 200
        os.dup2(page.fileno(), first)
        os.dup2(control.fileno(), first + 1)
        environ = {"LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "http:control"}

        passed = take_sockets(environ, 7, first_fd=first)

        try:
            assert [each.name for each in passed] == ["http", "control"]
            assert [each.socket.family for each in passed] == [socket.AF_INET, socket.AF_UNIX]
            assert passed[0].socket.getsockname() == page.getsockname()
            assert not any(each.socket.get_inheritable() for each in passed)
            assert environ == {}
        finally:
            for each in passed:
                each.socket.close()


def test_sockets_meant_for_another_process_are_left_alone() -> None:
    assert take_sockets({"LISTEN_PID": "8", "LISTEN_FDS": "1"}, 7) == ()


def test_a_descriptor_that_is_no_socket_is_an_error_that_names_it(tmp_path: Path) -> None:
    first = 210
    with (tmp_path / "file").open("w") as file:
        os.dup2(file.fileno(), first)
    environ = {"LISTEN_PID": "7", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "http"}

    try:
        with pytest.raises(ValueError, match=r"descriptor 210 \(http\)"):
            take_sockets(environ, 7, first_fd=first)
    finally:
        os.close(first)
