from __future__ import annotations

import os
from pathlib import Path

import pytest

from rota.core.errors import UsageError
from rota.host.lock import lock_state


def test_a_second_daemon_is_refused_and_told_who_is_first(tmp_path: Path) -> None:
    with (
        lock_state(tmp_path / "state"),
        pytest.raises(UsageError, match=f"pid {os.getpid()}"),
        lock_state(tmp_path / "state"),
    ):
        pass


def test_the_state_is_free_again_when_the_first_is_gone(tmp_path: Path) -> None:
    with lock_state(tmp_path):
        pass

    with lock_state(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_state_directory_that_can_not_be_made_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="can't be used"), lock_state(tmp_path / "file" / "state"):
        pass
