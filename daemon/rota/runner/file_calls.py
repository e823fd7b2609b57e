"""The system calls for files that jobs and people made; `system.System` has them among its own."""

# ruff: noqa: PTH102, PTH106, PTH108, PTH116, PTH208

from __future__ import annotations

import errno
import fcntl
import os
import stat


class FileCalls:
    """Of files that may be anything, and of folders that are shared with others."""

    def read_file(self, fd: int, most: int) -> bytes:
        """The whole of a regular file, whatever its offset. Raises OSError; never waits."""
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            raise OSError(errno.EINVAL, "no regular file, or too large")
        return os.pread(fd, most, 0)

    def read_memory(self, fd: int, most: int) -> bytes:
        """The same of a file in memory. Raises OSError for any other: reading it could take for ever."""
        fcntl.fcntl(fd, fcntl.F_GET_SEALS)
        return self.read_file(fd, most)

    def write_at(self, fd: int, data: bytes, offset: int) -> int:
        """All of it; says how much that was. Raises OSError."""
        done = 0
        while done < len(data):
            done += os.pwrite(fd, data[done:], offset + done)
        return done

    def cut(self, fd: int, size: int) -> None:
        """Unless it is no regular file."""
        try:
            os.ftruncate(fd, size)
        except OSError:
            return

    def owner_of(self, fd: int) -> int:
        return os.fstat(fd).st_uid

    def content(self, path: str, most: int) -> tuple[bytes, str]:
        """The whole of a regular file anywhere, links followed, and what differs once it was changed.

        Raises OSError, ValueError; never waits.
        """
        named = os.open(path, os.O_PATH | os.O_CLOEXEC)  # to open a device may be to start it
        try:
            if not stat.S_ISREG(os.fstat(named).st_mode):
                raise OSError(errno.EINVAL, "no regular file, or too large")
            fd = os.open(f"/proc/self/fd/{named}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        finally:
            os.close(named)
        try:
            status = os.fstat(fd)  # before it is read: a change in between is seen later
            stamp = f"{status.st_dev}.{status.st_ino}.{status.st_size}.{status.st_ctime_ns}"
            return self.read_file(fd, most), stamp
        finally:
            os.close(fd)

    def replace_content(self, fd: int, data: bytes, size: int) -> None:
        """Of a regular file, zeros up to that size; what can't be written is lost, never left as it was."""
        try:
            os.ftruncate(fd, 0)
            os.pwrite(fd, data, 0)
            os.ftruncate(fd, size)
        except OSError:
            return

    def make_own_folder(self, path: str) -> None:
        """A directory of this user that others may pass through. Raises OSError, also for somebody else's."""
        try:
            os.mkdir(path, 0o711)
        except FileExistsError:
            status = os.lstat(path)
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                raise

    def names_in(self, path: str) -> list[str]:
        """Empty when there is no such directory."""
        try:
            return os.listdir(path)
        except OSError:
            return []

    def remove_folder(self, path: str) -> None:
        """Unless something is in it."""
        try:
            os.rmdir(path)
        except OSError:
            return

    def mark_of(self, path: str) -> str:
        """What tells a file apart from all others of the host: its file system and its number there."""
        status = os.stat(path)
        return f"{status.st_dev:x}-{status.st_ino:x}"

    def unlink_path(self, path: str) -> None:
        """What is not there or can't be removed is passed over."""
        try:
            os.unlink(path)
        except OSError:
            return
