"""The log of an attempt as the runner writes it and the daemon reads it."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.process.pieces import find_pieces
from rota.process.raw_lines import RawLine, find_line, read_lines
from rota.runner.log import LogWriter
from rota.runner.system import System

LIMIT = 16 * 1024


@pytest.fixture
def at(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def lines_of(folder: Path, offset: int = 0, line: int = 0) -> list[RawLine]:
    return list(read_lines(find_pieces(folder), offset, line))


def test_nothing_written_is_no_file(tmp_path: Path, at: int) -> None:
    LogWriter(System(), at, LIMIT).close()

    assert list(tmp_path.iterdir()) == []
    assert lines_of(tmp_path) == []


def test_lines_have_numbers_ends_and_arrivals(tmp_path: Path, at: int) -> None:
    log = LogWriter(System(), at, LIMIT)
    log.write(b"one\ntw", 1000)
    log.write(b"o\nthree\n", 2000)
    log.close()

    found = [(line.n, line.data, line.end, line.at_ms) for line in lines_of(tmp_path)]

    assert found == [(0, b"one", 4, 1000), (1, b"two", 8, 1000), (2, b"three", 14, 2000)]


def test_a_line_without_its_newline_is_not_whole(tmp_path: Path, at: int) -> None:
    log = LogWriter(System(), at, LIMIT)
    log.write(b"one\ntw", 1000)
    log.close()

    assert [(line.data, line.is_whole) for line in lines_of(tmp_path)] == [(b"one", True), (b"tw", False)]


def test_head_and_tail_stay_within_the_limit(tmp_path: Path, at: int) -> None:
    log = LogWriter(System(), at, LIMIT)
    for n in range(10_000):
        log.write(b"line %d\n" % n, n)
    log.close()

    lines = lines_of(tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.glob("output.log*")) <= LIMIT
    assert all(line.data == b"line %d" % line.n for line in lines if line.gap is None and line.n > 5000)
    assert lines[0].data == b"line 0"
    assert lines[-1].n == 9999
    [cut] = [line for line in lines if line.gap is not None]
    assert cut.gap == (cut.gap[0], cut.n) if cut.gap else False


def test_a_new_writer_goes_on_where_the_old_one_stopped(tmp_path: Path, at: int) -> None:
    for n in range(5000):
        if n % 100 == 0:
            log = LogWriter(System(), at, LIMIT)
            log.resume()
        log.write(b"line %d\n" % n, n)
        if n % 100 == 99:
            log.close()

    assert log.size == sum(len(b"line %d\n" % n) for n in range(5000))
    assert [line.data for line in lines_of(tmp_path)[-300:]] == [b"line %d" % n for n in range(4700, 5000)]


class Full(System):
    """A disk that is full as long as a test says so."""

    is_full = False

    def write(self, fd: int, data: bytes) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        super().write(fd, data)


def test_a_full_disk_is_a_gap(tmp_path: Path, at: int) -> None:
    system = Full()
    log = LogWriter(system, at, LIMIT)
    log.write(b"one\n", 1)
    system.is_full = True
    log.write(b"two\n", 2)
    system.is_full = False
    log.write(b"three\n", 3)
    log.close()

    assert [(line.n, line.data, line.gap) for line in lines_of(tmp_path)] == [
        (0, b"one", None),
        (2, b"three", (1, 2)),
    ]


def test_a_disk_that_stays_full_costs_what_comes_and_not_what_it_took_before(tmp_path: Path, at: int) -> None:
    system = Full()
    log = LogWriter(system, at, LIMIT)
    for n in range(3000):
        log.write(b"line %d\n" % n, n)
    system.is_full = True
    for _ in range(50):
        log.write(b"lost\n", 5000)
    system.is_full = False
    log.write(b"after\n", 5001)
    log.close()

    assert log.lost == 50 * len(b"lost\n")
    kept = lines_of(tmp_path)
    assert [(line.n, line.data) for line in kept[-2:]] == [(2999, b"line 2999"), (3050, b"after")]
    assert sum(line.n > 1500 for line in kept) > 300


def test_a_log_without_its_index_is_read_all_the_same(tmp_path: Path, at: int) -> None:
    log = LogWriter(System(), at, LIMIT)
    for n in range(3000):
        log.write(b"line %d\n" % n, n)
    log.close()
    for index in tmp_path.glob("output.idx*"):
        index.unlink()

    lines = lines_of(tmp_path)

    assert (lines[0].data, lines[-1].data) == (b"line 0", b"line 2999")
    assert all(line.at_ms > 0 for line in lines)  # the file's own time is what is known


def test_a_disk_that_takes_no_changes_any_more_is_a_gap(tmp_path: Path, at: int) -> None:
    class ReadOnly(System):
        is_read_only = False

        def write(self, fd: int, data: bytes) -> None:
            self._check()
            super().write(fd, data)

        def open(self, path: str, flags: int, at: int | None = None) -> int:
            self._check()
            return super().open(path, flags, at)

        def unlink(self, path: str, at: int) -> None:
            self._check()
            super().unlink(path, at)

        def _check(self) -> None:
            if self.is_read_only:
                raise OSError(30, "Read-only file system")

    system = ReadOnly()
    log = LogWriter(system, at, LIMIT)
    log.write(b"one\n", 1)
    system.is_read_only = True
    for _ in range(10):
        log.write(b"x" * LIMIT, 2)
    log.close()

    assert log.lost == 10 * LIMIT
    assert [line.data for line in lines_of(tmp_path)] == [b"one"]


@pytest.mark.parametrize("byte", [b"\0", b"\xff", b"\x7f", b"\1"])
def test_an_index_that_can_not_be_true_is_not_believed(tmp_path: Path, at: int, byte: bytes) -> None:
    log = LogWriter(System(), at, LIMIT)
    for n in range(3000):
        log.write(b"line %d\n" % n, n)
    log.close()
    for index in tmp_path.glob("output.idx*"):
        index.write_bytes(byte * index.stat().st_size)

    lines = lines_of(tmp_path, *find_line(find_pieces(tmp_path), 2000))

    assert all(line.n <= line.end and line.at_ms < 1 << 48 for line in lines)


def test_lines_that_nobody_wants_are_passed_over_with_their_numbers(tmp_path: Path, at: int) -> None:
    log = LogWriter(System(), at, 1 << 22)
    for n in range(100_000):
        log.write(b"line %d\n" % n, 0)
    log.close()
    (tmp_path / "output.idx").unlink()

    lines = list(read_lines(find_pieces(tmp_path), 0, 0, wanted=99_990))

    assert len(lines) < 50_000
    assert [line.data for line in lines[-10:]] == [b"line %d" % n for n in range(99_990, 100_000)]
    assert all(line.data == b"line %d" % line.n for line in lines)


@pytest.mark.parametrize("has_index", [True, False])
def test_of_a_line_of_megabytes_only_what_is_shown_is_kept_in_memory(
    tmp_path: Path, at: int, has_index: bool
) -> None:
    log = LogWriter(System(), at, 1 << 30)
    log.write(b"first\n", 0)
    for _ in range(400):
        log.write(b"x" * 65536, 0)
    log.write(b"\nlast\n", 0)
    log.close()
    if not has_index:
        (tmp_path / "output.idx").unlink()
    tracemalloc.start()

    lines = lines_of(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    sizes = [(line.n, len(line.data) + line.more, line.is_whole) for line in lines]
    assert sizes == [(0, 5, True), (1, 400 * 65536, True), (2, 4, True)]
    assert peak < 4 << 20


def test_a_writer_that_takes_over_a_large_log_reads_only_what_no_record_tells(
    tmp_path: Path, at: int
) -> None:
    log = LogWriter(System(), at, 1 << 31)
    log.write(b"one\ntwo\n", 0)
    log.close()
    with (tmp_path / "output.log").open("r+b") as file:
        file.truncate(1 << 26)
    tracemalloc.start()

    log = LogWriter(System(), at, 1 << 31)
    log.resume()
    log.write(b"\nthree\n", 1)
    log.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert log.size == (1 << 26) + 7
    assert [line.data for line in lines_of(tmp_path)][-1] == b"three"
    assert peak < 8 << 20


def test_reading_can_begin_at_any_line(tmp_path: Path, at: int) -> None:
    log = LogWriter(System(), at, 1 << 20)
    for n in range(1000):
        log.write(b"line %d\n" % n, n * 20)
    log.close()

    offset, line = find_line(find_pieces(tmp_path), 500)

    assert (offset, line) == (sum(len(b"line %d\n" % n) for n in range(500)), 500)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=900).map(lambda data: data.replace(b"a", b"\n")), max_size=60),
    st.sampled_from([2048, 8192, 1 << 20]),
)
def test_what_is_kept_is_true_and_reading_on_from_anywhere_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes], limit: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    at = os.open(folder, os.O_RDONLY)
    log = LogWriter(System(), at, limit)
    for n, chunk in enumerate(chunks):
        log.write(chunk, n * 7)
    log.close()
    os.close(at)

    written = b"".join(chunks)
    true_lines = written.split(b"\n")
    lines = lines_of(folder)
    for place, line in enumerate(lines):
        following = lines[place + 1] if place + 1 < len(lines) else None
        is_cut = following is not None and following.gap is not None
        assert true_lines[line.n].startswith(line.data) if is_cut else true_lines[line.n] == line.data
        if line.is_whole and not is_cut:
            on = lines_of(folder, line.end, line.n + 1)
            assert [(each.n, each.data) for each in on] == [
                (each.n, each.data) for each in lines[place + 1 :]
            ]
    if limit > len(written):
        assert b"\n".join(line.data for line in lines) == written.removesuffix(b"\n")
