"""The system calls that control groups need; `system.System` has them among its own."""

# ruff: noqa: PTH103, PTH106, PTH116

from __future__ import annotations

import os

LONGEST = 1 << 20  # bytes: more than any of these files holds


class GroupCalls:
    """Files and folders of the kernel's, by their paths."""

    def slurp(self, path: str) -> str:
        """A small file of the kernel's; empty when it is not there."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return ""
        try:
            return os.read(fd, LONGEST).decode("utf-8", "replace")
        except OSError:
            return ""
        finally:
            os.close(fd)

    def put(self, path: str, text: str) -> None:
        """Write to a file of the kernel's in one go. Raises OSError."""
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)

    def make_folder(self, path: str) -> None:
        """One that is there already is fine. Raises OSError."""
        os.makedirs(path, mode=0o755, exist_ok=True)

    def drop_folder(self, path: str) -> None:
        """One that is gone, or in use after all, is passed over."""
        try:
            os.rmdir(path)
        except OSError:
            return

    def folders(self, path: str) -> list[str]:
        try:
            return [entry.name for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return []

    def is_delegated(self, path: str) -> bool:
        """Whether the service manager left that control group to us."""
        for name in ("user.delegate", "trusted.delegate"):
            try:
                if os.getxattr(path, name) == b"1":
                    return True
            except OSError:
                continue
        try:
            return os.geteuid() != 0 and os.stat(path).st_uid == os.geteuid()
        except OSError:
            return False
