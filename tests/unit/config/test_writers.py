"""Who may write what a job is made of is known of each job: of its file, its folders and its defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from rota.config.folder import writable_at
from rota.config.jobset import JobReader


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "jobs.d"
    (folder / "inner").mkdir(parents=True)
    for each in (folder, folder / "inner"):
        each.chmod(0o755)
    for name in ("job.yaml", "inner/below.yaml"):
        (folder / name).write_text("run: x\n")
        (folder / name).chmod(0o644)
    return folder


def writers(reader: JobReader) -> dict[str, str]:
    return {job: spec.source.writable for job, spec in reader.read().jobs.items()}


def test_files_that_only_their_owner_can_write_are_fine(folder: Path) -> None:
    assert writers(JobReader([folder])) == {"job": "", "below": ""}


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_can_write_is_named(folder: Path, mode: int) -> None:
    (folder / "job.yaml").chmod(mode)

    assert writers(JobReader([folder])) == {"job": str(folder / "job.yaml"), "below": ""}


@pytest.mark.parametrize("mode", [0o775, 0o1777])
def test_a_folder_that_others_can_write_is_named_for_all_below(folder: Path, mode: int) -> None:
    folder.chmod(mode)

    assert set(writers(JobReader([folder])).values()) == {str(folder)}


def test_defaults_that_others_can_write_concern_all_jobs_below(folder: Path) -> None:
    defaults = folder / "inner" / "_defaults.yaml"
    defaults.write_text("env: {A: b}\n")
    defaults.chmod(0o666)

    assert writers(JobReader([folder])) == {"job": "", "below": str(defaults)}


def test_a_mode_that_changes_is_seen_without_another_content(folder: Path) -> None:
    reader = JobReader([folder])
    for _ in range(3):  # a file that was found unchanged is not parsed again
        reader.read()

    folder.chmod(0o777)
    opened = writers(reader)
    folder.chmod(0o755)

    assert opened["job"] == str(folder)
    assert writers(reader)["job"] == ""


def test_a_single_path_is_asked_with_its_folder(folder: Path) -> None:
    path = folder / "job.yaml"
    asked = [writable_at(str(path))]
    path.chmod(0o664)
    asked.append(writable_at(str(path)))
    folder.chmod(0o777)
    asked.append(writable_at(str(path)))

    assert asked == ["", str(path), str(folder)]
    assert writable_at(str(folder / "gone" / "job.yaml")) == ""
