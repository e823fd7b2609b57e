"""The commit of a directory, read from a real repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rota.config.revision import Revision, commit_of, revision_of


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


@pytest.fixture
def checkout(repository: Path) -> Path:
    """A job directory of two committed files and their defaults."""
    folder = repository / "jobs.d"
    (folder / "team").mkdir()
    for name in ("a.yaml", "team/b.yaml", "team/_defaults.yaml"):
        (folder / name).write_text("run: x\n")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "second")
    return folder


def dirty(folder: Path) -> list[str]:
    revision = revision_of(folder)
    return [name for name in ("a.yaml", "team/b.yaml", "new.yaml") if revision.is_dirty(f"{folder}/{name}")]


def test_files_as_they_were_committed_are_not_dirty(checkout: Path) -> None:
    assert revision_of(checkout) == Revision(commit=git(checkout, "rev-parse", "HEAD"))


def test_an_edited_a_staged_a_new_and_an_ignored_file_differ_from_the_commit(checkout: Path) -> None:
    (checkout / "a.yaml").write_text("run: y\n")
    assert dirty(checkout) == ["a.yaml"]
    git(checkout, "add", "a.yaml")
    assert dirty(checkout) == ["a.yaml"]
    git(checkout, "commit", "-m", "third")
    (checkout / "new.yaml").write_text("run: z\n")
    assert dirty(checkout) == ["new.yaml"]
    (checkout.parent / ".gitignore").write_text("new.yaml\n")
    assert dirty(checkout) == ["new.yaml"]


def test_changed_defaults_make_the_jobs_below_them_dirty(checkout: Path) -> None:
    (checkout / "team" / "_defaults.yaml").write_text("owner: y\n")

    assert dirty(checkout) == ["team/b.yaml"]


def test_what_differs_outside_the_job_directory_concerns_no_job(checkout: Path) -> None:
    (checkout.parent / "readme").write_text("x")

    assert revision_of(checkout).changed == frozenset()


def test_names_are_those_of_the_directory_as_it_is_written_whatever_links_lead_there(
    checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "current").symlink_to(checkout)
    (checkout / "a.yaml").write_text("run: ü\n")
    (checkout / "ü b.yaml").write_text("run: x\n")

    revision = revision_of(tmp_path / "current")

    assert revision.commit == git(checkout, "rev-parse", "HEAD")
    assert revision.changed == {f"{tmp_path}/current/a.yaml", f"{tmp_path}/current/ü b.yaml"}


def test_without_a_git_program_the_commit_is_known_and_nothing_is_dirty(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "a.yaml").write_text("run: y\n")
    commit = git(checkout, "rev-parse", "HEAD")
    monkeypatch.setenv("PATH", "/nonexistent")

    assert revision_of(checkout) == Revision(commit=commit)
