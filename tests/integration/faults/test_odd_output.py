"""Jobs that write what no terminal, page or disk wishes for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon_process import DaemonProcess

MIB = 1 << 20


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One for all tests of the file."""
    with DaemonProcess(tmp_path_factory.mktemp("daemon")) as process:
        yield process


def test_more_output_than_is_kept_costs_neither_disk_nor_memory(daemon: DaemonProcess) -> None:
    many = f"(yes a line of text that comes again and again || true) | head -c {96 * MIB}"
    daemon.load("pours", f"limits: {{output: 4M}}\nrun: echo first; {many}; echo; echo last\n")
    before = _peak(daemon.pid), _peak(daemon.runner_pid)

    run = daemon.ended(daemon.run("pours"), within=90)
    page = daemon.get(f"/api/v1/runs/{run['id']}/log?from=0&limit=1000")

    directory = _directory(daemon, run["id"])
    assert run["state"] == "completed"
    assert sum(file.stat().st_size for file in directory.glob("output.log*")) <= 4 * MIB
    assert page["lines"][0]["text"] == "first"
    assert daemon.get(f"/api/v1/runs/{run['id']}/log?limit=1")["lines"][-1]["text"] == "last"
    assert "in the middle were not kept" in daemon.exchange("GET", f"/api/v1/runs/{run['id']}/log.txt")[2]
    assert _peak(daemon.pid) - before[0] < 64 * MIB
    assert _peak(daemon.runner_pid) - before[1] < 16 * MIB


def test_a_line_of_fifty_megabytes_is_shown_by_its_beginning_and_kept_as_it_is(daemon: DaemonProcess) -> None:
    work = f"head -c {50 * MIB} /dev/zero | tr '\\\\0' x; echo; echo after"
    daemon.load("wide", f'limits: {{output: 200M}}\nrun: "{work}"\n')

    run = daemon.ended(daemon.run("wide"), within=90)["id"]
    lines = daemon.lines(run)

    assert len(lines) == 2
    assert lines[0].startswith("xxx")
    assert len(lines[0]) < 200_000
    assert lines[0].endswith(" bytes more)")
    assert lines[1] == "after"
    status, _, page = daemon.exchange("GET", f"/runs/{run}")
    assert (status, len(page) < MIB) == (200, True)
    log = _directory(daemon, run) / "output.log"
    assert (
        hashlib.sha256(log.read_bytes()).digest() == hashlib.sha256(b"x" * 50 * MIB + b"\nafter\n").digest()
    )
    assert len(daemon.rota("logs", run).stdout) < 200_000


def test_bytes_that_are_no_text_are_kept_and_shown_harmlessly(daemon: DaemonProcess) -> None:
    escapes = r"\033[31mred\033[0m \033]0;title\007 \033[2J"
    work = (
        rf"printf 'caf\351 \000nul {escapes}\n10%%\r20%%\r100%%\n<script>alert(1)</script>\n\342\200\256abc'"
    )
    daemon.load("odd", f"run: |\n  {work}\n")

    run = daemon.ended(daemon.run("odd"))["id"]
    read = daemon.lines(run)

    assert read[0] == "caf\ufffd \0nul \x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J"
    assert read[1:] == ["10%\r20%\r100%", "<script>alert(1)</script>", "\u202eabc"]
    page = daemon.exchange("GET", f"/runs/{run}")[2]
    assert "<script>alert(1)" not in page
    assert not {"\x1b", "\0", "\x07", "\r", "\u202e"} & set(page)
    assert ">100%<" in page
    assert "&lt;script&gt;alert(1)" in page
    raw = (_directory(daemon, run) / "output.log").read_bytes()
    assert raw.startswith(b"caf\xe9 \0nul \x1b[31mred")
    assert not {"\x1b", "\0", "\x07"} & set(daemon.rota("show", run).stdout)
    assert daemon.rota("logs", run).stdout.splitlines()[-2] == "<script>alert(1)</script>"


def test_a_job_that_closes_its_output_goes_on_to_its_own_end(daemon: DaemonProcess, tmp_path: Path) -> None:
    done = tmp_path / "done"
    daemon.load("silent", f"run: echo before; exec >&- 2>&-; sleep 0.3; touch {done}; exit 4\n")

    run = daemon.ended(daemon.run("silent"))

    assert (run["state"], run["exitCode"], daemon.lines(run["id"])) == ("failed", 4, ["before"])
    assert done.exists()


def _directory(daemon: DaemonProcess, run: str) -> Path:
    job, _, number = run.rpartition(".")
    return daemon.state / "runner" / job / number / "main.1"


def _peak(pid: int) -> int:
    """The most memory that it has had, in bytes."""
    words = Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()
    return int(words[0]) * 1024
