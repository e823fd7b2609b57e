"""The commit of a directory, read from a real repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rota.config.revision import commit_of


def git(folder: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", *settings, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "jobs.d").mkdir(parents=True)
    git(folder, "init")
    git(folder, "commit", "--allow-empty", "-m", "first")
    return folder


def test_the_commit_is_that_of_head_from_any_folder_inside(repository: Path) -> None:
    assert commit_of(repository / "jobs.d") == git(repository, "rev-parse", "HEAD")


def test_packed_references_and_a_detached_head_are_read(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "pack-refs", "--all")
    assert commit_of(repository) == first

    git(repository, "checkout", "--detach")
    assert commit_of(repository) == first


def test_a_linked_work_tree_has_its_own_head(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-b", "other", str(tmp_path / "linked"))
    git(tmp_path / "linked", "commit", "--allow-empty", "-m", "second")

    assert commit_of(tmp_path / "linked") == git(tmp_path / "linked", "rev-parse", "HEAD")
    assert commit_of(tmp_path / "linked") != commit_of(repository)


def test_outside_a_repository_and_before_the_first_commit_there_is_none(tmp_path: Path) -> None:
    assert commit_of(tmp_path) is None
    git(tmp_path, "init")
    assert commit_of(tmp_path) is None


def test_a_broken_repository_is_no_error(tmp_path: Path) -> None:
    (tmp_path / ".git").write_bytes(b"\xff\xfe")
    assert commit_of(tmp_path) is None
    (tmp_path / ".git").write_text("gitdir: /nowhere")
    assert commit_of(tmp_path) is None
