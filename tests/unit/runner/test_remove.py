"""What jobs left in their directories goes, whatever it is, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rota.runner import remove
from rota.runner.remove import removing
from rota.runner.system import System


@pytest.fixture
def at(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def steps(name: str, at: int) -> int:
    return sum(1 for _ in removing(System(), name, at))


def test_what_is_not_there_is_fine(at: int) -> None:
    assert steps("gone", at) == 0


def test_a_usual_directory_goes_with_all_that_is_in_it(tmp_path: Path, at: int) -> None:
    for name in ("main.1/job/out", "main.1/output.log", "main.2/job/outputs", "main.2/job/.1/.1/x"):
        (tmp_path / "1" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "1" / name).touch()

    assert steps("1", at) < 20
    assert list(tmp_path.iterdir()) == []


def test_a_tree_deeper_than_any_path_can_say_goes(tmp_path: Path, at: int) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    for name in ("1", *["deep"] * 3000):
        os.mkdir(name, dir_fd=fd)
        below = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    for n, _ in enumerate(removing(System(), "1", at)):
        if n % 100 == 0:
            assert len(os.listdir("/proc/self/fd")) <= before + 3  # noqa: PTH208

    assert list(tmp_path.iterdir()) == []


def test_many_files_go_in_steps(tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remove, "NAMES", 10)
    (tmp_path / "1" / "main.1").mkdir(parents=True)
    for n in range(200):
        (tmp_path / "1" / "main.1" / str(n)).touch()

    assert steps("1", at) >= 20
    assert list(tmp_path.iterdir()) == []


def test_links_go_and_what_they_name_stays(tmp_path: Path, at: int) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (tmp_path / "1" / "main.1").mkdir(parents=True)
    (tmp_path / "1" / "main.1" / "job").symlink_to(tmp_path / "precious")
    (tmp_path / "2").symlink_to(tmp_path / "precious")

    steps("1", at)
    steps("2", at)

    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
    assert (tmp_path / "precious" / "file").exists()


def test_who_makes_more_than_is_deleted_is_not_followed_for_ever(
    tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remove, "MOST_STEPS", 50)
    (tmp_path / "1" / "main.1").mkdir(parents=True)
    (tmp_path / "1" / "main.1" / "0").touch()

    def race() -> None:
        for n, _ in enumerate(removing(System(), "1", at)):
            (tmp_path / "1" / "main.1" / f"more-{n}").touch()

    with pytest.raises(OSError, match="more comes than is deleted"):
        race()
