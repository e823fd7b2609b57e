from __future__ import annotations

from pathlib import Path

import pytest

from rota.core.seams import AttemptRef
from rota.process.output import Logs
from rota.process.removal import remove_logs


def an_attempt(number: int, n: int = 1) -> AttemptRef:
    return AttemptRef(id=f"a{number}.{n}", job="backup", number=number, step="main", n=n)


def below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    logs = Logs(tmp_path)
    for ref in (an_attempt(1), an_attempt(1, 2), an_attempt(2)):
        logs.directory(ref).mkdir(parents=True)
        (logs.directory(ref) / "output.log").touch()
    return logs


async def test_a_directory_goes_with_all_that_is_in_it_and_its_neighbours_stay(
    logs: Logs, tmp_path: Path
) -> None:
    await remove_logs(logs, [an_attempt(1)])

    assert not logs.directory(an_attempt(1)).exists()
    assert (logs.directory(an_attempt(1, 2)) / "output.log").exists()
    assert (logs.directory(an_attempt(2)) / "output.log").exists()


async def test_folders_that_become_empty_go_too_and_a_missing_one_is_fine(logs: Logs, tmp_path: Path) -> None:
    await remove_logs(logs, [an_attempt(1), an_attempt(1, 2), an_attempt(2), an_attempt(3)])

    assert below(tmp_path) == set()
