"""Run directories, logs, indexes and exit files that are gone or nonsense: each answer is true."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon_process import DaemonProcess
from eventually import eventually

LINES = 300
PRINTS = f"run: for i in $(seq {LINES}); do echo line $i; done\n"


def _without_directory(directory: Path) -> None:
    shutil.rmtree(directory)


def _a_file_in_its_place(directory: Path) -> None:
    shutil.rmtree(directory)
    directory.write_text("no directory")


def _without_log(directory: Path) -> None:
    (directory / "output.log").unlink()


def _half_a_log(directory: Path) -> None:
    with (directory / "output.log").open("r+b") as file:
        file.truncate(1000)


def _a_directory_as_log(directory: Path) -> None:
    (directory / "output.log").unlink()
    (directory / "output.log").mkdir()


def _without_index(directory: Path) -> None:
    (directory / "output.idx").unlink()


def _nonsense_as_index(directory: Path) -> None:
    index = directory / "output.idx"
    index.write_bytes(b"\xff" * (index.stat().st_size + 7))


def _a_link_as_index(directory: Path) -> None:
    (directory / "output.idx").unlink()
    (directory / "output.idx").symlink_to("/dev/zero")


def _nonsense_as_exit(directory: Path) -> None:
    (directory / "exit").write_bytes(b'{"cause": "ex\xff')


def _without_exit(directory: Path) -> None:
    (directory / "exit").unlink()


GONE = "is not there any more"
CUT = "bytes are not there"


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_without_directory, GONE),
        (_a_file_in_its_place, GONE),
        (_without_log, GONE),
        (_a_directory_as_log, GONE),
        (_half_a_log, CUT),
        (_without_index, ""),
        (_nonsense_as_index, ""),
        (_a_link_as_index, ""),
        (_nonsense_as_exit, ""),
        (_without_exit, ""),
    ],
)
def test_what_is_gone_of_a_log_is_told_and_the_rest_is_shown(
    daemon: DaemonProcess, damage: Callable[[Path], None], told: str
) -> None:
    run = daemon.ended(daemon.run("prints"))["id"]
    damage(daemon.state / "runner" / "prints" / run.rpartition(".")[2] / "main.1")

    lines = daemon.lines(run)

    assert daemon.get(f"/api/v1/runs/{run}")["state"] == "completed"
    assert daemon.get(f"/api/v1/runs/{run}/log?from={LINES + 1}")["end"] is True
    raw, page = daemon.exchange("GET", f"/api/v1/runs/{run}/log.txt"), daemon.exchange("GET", f"/runs/{run}")
    assert (raw[0], page[0]) == (200, 200)
    if told:
        assert told in lines[-1]
        assert told in raw[2]
        assert told in page[2]
    else:
        assert lines == [f"line {i}" for i in range(1, LINES + 1)]
        assert raw[2].splitlines() == lines


def test_a_run_whose_directory_vanishes_under_it_ends_as_its_process_did(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    daemon.load("loses", f"run: echo before; until [ -e {go} ]; do sleep 0.05; done; seq 100000; exit 7\n")
    run = daemon.run("loses")
    eventually(lambda: daemon.lines(run) == ["before"])

    shutil.rmtree(daemon.state / "runner" / "loses" / run.rpartition(".")[2])
    go.touch()
    ended = daemon.ended(run)

    assert (ended["state"], ended["exitCode"]) == ("failed", 7)
    assert GONE in daemon.lines(run)[-1]
    assert daemon.exchange("GET", f"/runs/{run}")[0] == 200


def test_a_log_of_ten_gigabytes_is_shown_from_its_end_and_from_anywhere(daemon: DaemonProcess) -> None:
    run = daemon.ended(daemon.run("prints"))["id"]
    directory = daemon.state / "runner" / "prints" / run.rpartition(".")[2] / "main.1"
    with (directory / "output.log").open("r+b") as file:
        file.seek(10 << 30)  # sparse: behind the lines a hole, read as NUL
        file.write(b"\nlast\n")
    before = _memory(daemon.pid)

    first = daemon.get(f"/api/v1/runs/{run}/log?from=0&limit=10")
    page, _, text = daemon.exchange("GET", f"/runs/{run}")

    assert [line["text"] for line in first["lines"]] == [f"line {i}" for i in range(1, 11)]
    assert (page, len(text) < 1 << 20) == (200, True)
    assert _memory(daemon.pid) - before < 64 << 20


def _memory(pid: int) -> int:
    words = Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()
    return int(words[0]) * 1024


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One for all tests of the file."""
    with DaemonProcess(tmp_path_factory.mktemp("daemon")) as process:
        process.load("prints", PRINTS)
        yield process
