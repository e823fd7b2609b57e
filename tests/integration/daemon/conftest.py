from __future__ import annotations

from collections.abc import Iterator

import pytest

from daemon_process import DaemonProcess


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One for all tests of a file; each loads jobs of its own."""
    with DaemonProcess(tmp_path_factory.mktemp("daemon")) as process:
        yield process
