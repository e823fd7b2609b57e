"""Folders of revisions, also of repositories that were made to do harm."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rota.cli.failure import CouldNotAsk
from rota.cli.git_tree import find_revision, write_tree


def git(folder: Path, *words: str, given: bytes = b"") -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(["git", *who, *words], cwd=folder, input=given, check=True, capture_output=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def commit_of_tree(repository: Path, *entries: bytes) -> None:
    """A commit whose tree is made byte by byte, as no checkout could have made it."""
    tree = git(
        repository, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", given=b"".join(entries)
    )
    git(repository, "update-ref", "refs/heads/main", git(repository, "commit-tree", tree, "-m", "odd"))


def entry(repository: Path, mode: str, name: str, content: bytes) -> bytes:
    blob = git(repository, "hash-object", "-w", "--stdin", given=content)
    return f"{mode} {name}\0".encode() + bytes.fromhex(blob)


def folder_entry(repository: Path, name: str, *entries: bytes) -> bytes:
    given = b"".join(entries)
    tree = git(repository, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", given=given)
    return f"40000 {name}\0".encode() + bytes.fromhex(tree)


def written(repository: Path, to: Path) -> list[str]:
    write_tree(find_revision(repository, "main"), repository, to)
    return sorted(path.relative_to(to).as_posix() for path in to.rglob("*"))


def test_files_folders_and_links_are_written_and_submodules_are_not(repository: Path, tmp_path: Path) -> None:
    file = entry(repository, "100644", "a.yaml", b"run: true\n")
    commit_of_tree(
        repository,
        file,
        entry(repository, "120000", "b.yaml", b"a.yaml"),
        folder_entry(repository, "team", file),
        b"160000 vendor\0" + bytes(range(20)),
    )

    assert written(repository, tmp_path / "to") == ["a.yaml", "b.yaml", "team", "team/a.yaml"]
    assert (tmp_path / "to" / "b.yaml").read_text() == "run: true\n"


@pytest.mark.parametrize("name", ["..", "."])
def test_a_path_that_leads_out_of_the_folder_is_refused(repository: Path, tmp_path: Path, name: str) -> None:
    commit_of_tree(repository, folder_entry(repository, name, entry(repository, "100644", "escaped", b"!")))

    with pytest.raises(CouldNotAsk, match="that no checkout can have"):
        written(repository, tmp_path / "to")
    assert not (tmp_path / "escaped").exists()


def test_nothing_is_written_through_a_link(repository: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    commit_of_tree(
        repository,
        entry(repository, "120000", "team", str(outside).encode()),
        folder_entry(repository, "team", entry(repository, "100644", "escaped", b"!")),
    )

    with pytest.raises(CouldNotAsk, match="team/escaped"):
        written(repository, tmp_path / "to")
    assert not list(outside.iterdir())


def test_a_path_that_is_there_twice_is_refused(repository: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    link = entry(repository, "120000", "a.yaml", str(target).encode())
    commit_of_tree(repository, link, entry(repository, "100644", "a.yaml", b"!"))

    with pytest.raises(CouldNotAsk, match="twice"):
        written(repository, tmp_path / "to")
    assert not target.exists()


def test_of_a_file_larger_than_any_that_is_read_only_that_is_kept(repository: Path, tmp_path: Path) -> None:
    commit_of_tree(repository, entry(repository, "100644", "dump.bin", b"x" * (3 * 1024 * 1024)))

    written(repository, tmp_path / "to")

    assert (tmp_path / "to" / "dump.bin").read_bytes() == bytes(1024 * 1024 + 1)


@pytest.mark.parametrize("target", [b"", b"a\0b", b"x" * 5000])
def test_a_link_that_leads_nowhere_on_earth_is_an_answer(
    repository: Path, tmp_path: Path, target: bytes
) -> None:
    commit_of_tree(repository, entry(repository, "120000", "a.yaml", target))

    with pytest.raises(CouldNotAsk, match=r"a\.yaml of main .* can't be written"):
        written(repository, tmp_path / "to")


def test_files_that_are_no_repository_are_not_taken_for_one(repository: Path) -> None:
    """Files of a checkout may look like a bare repository, whose settings name programs to start."""
    inner = repository / "jobs.d"
    inner.mkdir()
    git(inner, "init", "-q", "--bare")

    with pytest.raises(CouldNotAsk):
        find_revision(inner, "HEAD")


def test_what_a_hook_says_about_its_own_repository_does_not_matter(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_of_tree(repository, entry(repository, "100644", "a.yaml", b"run: true\n"))
    monkeypatch.setenv("GIT_DIR", ".git")
    (repository / "jobs.d").mkdir()

    assert find_revision(repository / "jobs.d", "main").top == repository.resolve()


def test_words_that_look_like_options_are_only_names(repository: Path) -> None:
    with pytest.raises(CouldNotAsk, match="--output=x is no commit of"):
        find_revision(repository, "--output=x")


def test_a_folder_outside_of_the_repository_is_named(repository: Path, tmp_path: Path) -> None:
    commit_of_tree(repository, entry(repository, "100644", "a.yaml", b"run: true\n"))

    with pytest.raises(CouldNotAsk, match="is not in the repository"):
        write_tree(find_revision(repository, "main"), tmp_path, tmp_path / "to")


def test_a_clone_without_the_files_says_so_and_fetches_nothing(repository: Path, tmp_path: Path) -> None:
    commit_of_tree(repository, entry(repository, "100644", "a.yaml", b"run: true\n"))
    git(repository, "config", "uploadpack.allowFilter", "true")
    source = f"file://{repository}"
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", source, "partial")

    with pytest.raises(CouldNotAsk, match="partial"):
        written(tmp_path / "partial", tmp_path / "to")
