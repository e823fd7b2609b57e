"""Files that may be anything are read only when that surely ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rota.runner.system import System


def test_memory_is_read_whole_and_other_files_are_not() -> None:
    memory = os.memfd_create("batch")
    os.write(memory, b"[]")

    with open("/proc/version", "rb") as other:  # noqa: PTH123  a descriptor is needed
        with pytest.raises(OSError, match="Invalid argument"):
            System().read_memory(other.fileno(), 1000)
        assert System().read_memory(memory, 1000) == b"[]"
    with pytest.raises(OSError, match="too large"):
        System().read_memory(memory, 1)
    os.close(memory)


def test_what_is_no_regular_file_is_not_even_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    writing = os.open(tmp_path / "fifo", os.O_RDWR)
    os.write(writing, b"for somebody else")

    for path in (tmp_path / "fifo", tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match="no regular file"):
            System().content(str(path), 100)
    assert os.read(writing, 100) == b"for somebody else"
    os.close(writing)


def test_links_to_regular_files_are_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter22")
    (tmp_path / "link").symlink_to("secret")

    assert System().content(str(tmp_path / "link"), 100)[0] == b"hunter22"
