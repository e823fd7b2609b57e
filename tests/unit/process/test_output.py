"""Logs by pages and by bytes, and outputs, as the rest of the daemon reads them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from fakes.clock import START, FakeClock
from rota.core.errors import JobError
from rota.core.instant import to_ms
from rota.core.log_page import LogLine
from rota.core.seams import AttemptRef
from rota.process.output import OUTPUT_BYTES, OUTPUTS, Logs
from rota.process.raw_lines import LINE_BYTES
from rota.runner.log import LogWriter
from rota.runner.system import System

REF = AttemptRef(id="a", job="backup", number=7, step="main", n=2)


class Job:
    """A job that writes what a test says, as the runner keeps it, and the logs that tell of it."""

    def __init__(self, root: Path, output: int = 1 << 20) -> None:
        self.logs = Logs(root)
        self.clock = FakeClock()
        self._directory = self.logs.directory(REF)
        self._directory.mkdir(parents=True)
        system = System()
        self._log = LogWriter(system, system.open_directory(str(self._directory)), output)

    def write(self, text: str) -> None:
        self._log.write(text.encode(), to_ms(self.clock.now()))

    def end(self) -> None:
        (self._directory / "exit").write_text(json.dumps({"cause": "exit"}))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def texts(lines: Iterable[LogLine]) -> list[tuple[int, str]]:
    return [(line.n, line.text) for line in lines]


def test_a_log_that_is_not_there_is_an_empty_page(tmp_path: Path) -> None:
    page = Logs(tmp_path).page(REF)

    assert (list(page.lines), page.next, page.end) == ([], 0, False)
    assert Logs(tmp_path).outputs(REF) == {}
    assert list(Logs(tmp_path).raw(REF)) == []


def test_the_directory_is_named_by_job_run_step_and_number(tmp_path: Path) -> None:
    assert Logs(tmp_path).directory(REF) == tmp_path / "backup" / "7" / "main.2"


async def test_lines_carry_when_they_came(job: Job) -> None:
    job.write("one\n")
    await job.clock.advance(60)
    job.write("two\n")

    assert [line.at for line in job.logs.page(REF).lines] == [START, START + timedelta(minutes=1)]


def test_a_line_still_being_written_is_shown_once_the_attempt_ended(job: Job) -> None:
    job.write("one\ntw")

    running = job.logs.page(REF)
    job.end()
    ended = job.logs.page(REF)

    assert (texts(running.lines), running.next, running.end) == ([(0, "one")], 1, False)
    assert (texts(ended.lines), ended.next, ended.end) == ([(0, "one"), (1, "tw")], 2, True)


def test_markers_are_hidden_and_keep_their_numbers(job: Job) -> None:
    job.write("one\n::progress 1/2 half\ntwo\n::progress what\n")

    page = job.logs.page(REF)

    assert texts(page.lines) == [(0, "one"), (2, "two"), (3, "::progress what")]
    assert [line.level for line in page.lines] == ["info", "info", "warning"]
    assert list(page.raw) == ["one", "::progress 1/2 half", "two", "::progress what"]


def test_a_job_without_markers_shows_every_line(job: Job) -> None:
    job.write("::progress 1/2\n")

    assert texts(list(job.logs.page(REF, markers=False).lines)) == [(0, "::progress 1/2")]


def test_pages_join_without_loss(job: Job) -> None:
    job.write("".join(f"line {n}\n" for n in range(250)))
    job.end()

    found, start, is_end = [], 0, False
    while not is_end:
        page = job.logs.page(REF, start=start, limit=100)
        found += texts(page.lines)
        start, is_end = page.next, page.end

    assert found == [(n, f"line {n}") for n in range(250)]


def test_bytes_that_are_no_text_are_replaced(job: Job) -> None:
    (job.logs.directory(REF) / "output.log").write_bytes(b"caf\xe9\r\n\x1b[1mbold\n")

    assert [line.text for line in job.logs.page(REF).lines] == ["caf\ufffd\r", "\x1b[1mbold"]


def test_a_very_long_line_is_cut_for_display(job: Job) -> None:
    job.write("x" * (LINE_BYTES + 7) + "\n")

    [line] = job.logs.page(REF).lines
    assert line.text == "x" * LINE_BYTES + "… (7 bytes more)"


def test_a_dropped_middle_is_told_by_a_line_of_ours(tmp_path: Path) -> None:
    job = Job(tmp_path, output=16 * 1024)
    job.write("".join(f"line {n}\n" for n in range(5000)))
    job.end()

    page = job.logs.page(REF, limit=10_000)
    raw = b"".join(job.logs.raw(REF)).decode()

    assert page.gap is not None
    first, last = page.gap
    [meta] = [line for line in page.lines if line.level == "meta"]
    assert (meta.n, meta.text.startswith(f"… {last - first} lines, ")) == (first, True)
    assert "in the middle were not kept (limits.output, or no room on the disk)" in raw
    assert raw.endswith("line 4999\n")
    inside = job.logs.page(REF, start=first + 10, limit=5)
    assert inside.gap == (first + 10, last)
    assert [line.n for line in inside.lines] == [first + 10, *range(last, last + 5)]


def test_reading_on_gives_every_whole_line_once(job: Job) -> None:
    job.write("one\ntw")
    first = job.logs.read_from(REF, 0, 0)
    job.write("o\n::warning x\nthr")
    second = job.logs.read_from(REF, first.offset, first.line)
    last = job.logs.read_from(REF, second.offset, second.line, final=True)

    assert texts(first.lines) == [(0, "one")]
    assert texts(second.lines) == [(1, "two"), (2, "::warning x")]
    assert texts(last.lines) == [(3, "thr")]
    assert last.offset == len("one\ntwo\n::warning x\nthr")


def test_reading_on_leaps_over_what_was_dropped(tmp_path: Path) -> None:
    job = Job(tmp_path, output=16 * 1024)
    job.write("one\n")
    first = job.logs.read_from(REF, 0, 0)
    job.write("".join(f"line {n}\n" for n in range(1, 5000)))

    chunk = job.logs.read_from(REF, first.offset, first.line)

    assert chunk.gap is not None
    assert chunk.lines[-1].text == "line 4999"
    assert job.logs.read_from(REF, chunk.offset, chunk.line).lines == []


def written_outputs(job: Job) -> Path:
    folder = job.logs.directory(REF) / "job"
    folder.mkdir(parents=True)
    return folder / "outputs"


def test_outputs_are_key_value_lines_the_last_of_a_name(job: Job) -> None:
    written_outputs(job).write_text("size=1\nname=a=b\nno output\nUpper=1\nsize=2\nempty=\n")

    assert job.logs.outputs(REF) == {"size": "2", "name": "a=b", "empty": ""}


def test_more_outputs_than_allowed_are_left_out(job: Job) -> None:
    written_outputs(job).write_text("".join(f"o{n}={n}\n" for n in range(OUTPUTS + 5)))

    assert len(job.logs.outputs(REF)) == OUTPUTS


@pytest.mark.parametrize(
    ("make", "why"),
    [
        ("link", "it is a link"),
        ("fifo", "no regular file"),
        ("directory", "no regular file"),
        ("huge", "larger than 1 MiB"),
    ],
)
def test_outputs_that_are_no_regular_file_of_a_mebibyte_are_not_read_and_say_why(
    job: Job, tmp_path: Path, make: str, why: str
) -> None:
    path = written_outputs(job)
    (tmp_path / "secret").write_text("key=value\n")
    match make:
        case "link":
            path.symlink_to(tmp_path / "secret")
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "huge":
            path.write_text("key=value\n" + "#" * OUTPUT_BYTES)

    with pytest.raises(JobError, match=why):
        job.logs.outputs(REF)
