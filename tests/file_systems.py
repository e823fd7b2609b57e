"""Small file systems of a test's own, which can be filled, broken and mended. Only root may have them."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eventually import eventually

_READ_ONLY = 1  # MS_RDONLY
_DETACH = 2  # MNT_DETACH
_LIBC = ctypes.CDLL(None, use_errno=True)


@contextmanager
def memory(folder: Path, megabytes: int, *, read_only: bool = False) -> Iterator[Path]:
    """A file system in memory on that folder; the test is skipped where nobody may mount."""
    flags, size = (_READ_ONLY if read_only else 0), f"size={megabytes}m".encode()
    if _LIBC.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", flags, size) != 0:
        pytest.skip(f"mounting is not allowed here: {os.strerror(ctypes.get_errno())}")
    try:
        yield folder
    finally:
        _unmount(folder)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not a byte is free on the file system of that folder meanwhile."""
    ballast = folder / ".ballast"
    with ballast.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            size = size if _takes(file.fileno(), size) else size // 2
    try:
        yield
    finally:
        ballast.unlink()


class Ext4:
    """A file system in a file, which turns read-only when its kernel driver meets an error."""

    def __init__(self, image: Path, folder: Path, megabytes: int = 16) -> None:
        self._image = image
        self._folder = folder
        with image.open("wb") as file:
            file.truncate(megabytes << 20)
        _call("mkfs.ext4", "-q", "-O", "^has_journal", str(image))

    def mount(self) -> None:
        # While anybody has a file of it open it is still the old one, which nothing can be written to.
        eventually(lambda: not _call("losetup", "-j", str(self._image)).strip())
        _call("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self._folder))

    def fail(self) -> None:
        """As if the driver had met an error: from now on nothing can be written, also to open files."""
        device = _call("findmnt", "-no", "SOURCE", str(self._folder)).strip()
        Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error").write_text("a test\n")

    def unmount(self) -> None:
        """Also while files are open: then it goes when the last of them is closed."""
        _unmount(self._folder)


def _takes(descriptor: int, size: int) -> bool:
    try:
        return os.write(descriptor, b"x" * size) > 0
    except OSError:
        return False


def _unmount(folder: Path) -> None:
    _LIBC.umount2(os.fsencode(folder), _DETACH)


def _call(*words: str) -> str:
    try:
        done = subprocess.run(words, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"{words[0]} is not possible here: {getattr(error, 'stderr', error)}")
    return done.stdout
