from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon_process import DaemonProcess


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    """Not started yet; whatever becomes of the test, nothing of it is left."""
    process = DaemonProcess(tmp_path)
    yield process
    process.end()
