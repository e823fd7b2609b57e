"""No secret stays in what an attempt left, and nobody else's file is touched for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rota.runner import left
from rota.runner.left import mask_items, mask_outputs
from rota.runner.mask import Mask, Silence
from rota.runner.system import System

ME, SOMEBODY = os.geteuid(), os.geteuid() + 1


@pytest.fixture
def files(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "job").mkdir()
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def test_outputs_and_items_are_masked_where_they_lie(tmp_path: Path, files: int) -> None:
    (tmp_path / "job" / "outputs").write_text("token=hunter22\nsize=1\n")
    (tmp_path / "job" / "items").write_text('"a"\n{"url":"https://me:hunter22@host"}\n"b"\n')

    mask_outputs(System(), files, Mask([b"hunter22"]), ME)
    mask_items(System(), files, Mask([b"hunter22"]), ME)

    assert (tmp_path / "job" / "outputs").read_text() == "token=***\nsize=1\n"
    assert (tmp_path / "job" / "items").read_text() == '"a"\n{"url":"https://me:***@host"}\n"b"\n'


def test_items_are_masked_across_the_pieces_they_are_read_in(
    tmp_path: Path, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left, "_AT_ONCE", 7)
    lines = [f'"{n} hunter22 {"x" * (n % 13)}"\n' for n in range(200)]
    (tmp_path / "job" / "items").write_text("".join(lines))

    mask_items(System(), files, Mask([b"hunter22"]), ME)

    assert (tmp_path / "job" / "items").read_text() == "".join(lines).replace("hunter22", "***")


def test_items_that_are_too_many_to_be_masked_are_cut_off(
    tmp_path: Path, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left, "_AT_ONCE", 10)
    monkeypatch.setattr(left, "ITEMS_MOST", 30)
    (tmp_path / "job" / "items").write_text("x" * 30 + "hunter22")

    mask_items(System(), files, Mask([b"hunter22"]), ME)

    assert (tmp_path / "job" / "items").read_text() == "x" * 30


def test_nothing_is_shown_of_items_whose_secrets_nobody_knows(tmp_path: Path, files: int) -> None:
    (tmp_path / "job" / "items").write_text('"hunter22"\n')

    mask_items(System(), files, Silence(), ME)

    assert "hunter22" not in (tmp_path / "job" / "items").read_text()


@pytest.mark.parametrize("name", ["outputs", "items"])
def test_what_belongs_to_somebody_else_stays_as_it_is_and_is_no_output(
    tmp_path: Path, files: int, name: str
) -> None:
    (tmp_path / "precious").write_text("x" * 2_000_000)
    (tmp_path / "job" / name).hardlink_to(tmp_path / "precious")

    (mask_outputs if name == "outputs" else mask_items)(System(), files, Mask([b"xxxx"]), SOMEBODY)

    assert (tmp_path / "precious").read_text() == "x" * 2_000_000
    assert not (tmp_path / "job" / name).exists()


@pytest.mark.parametrize("name", ["outputs", "items"])
def test_links_are_not_followed_and_fifos_not_waited_for(tmp_path: Path, files: int, name: str) -> None:
    mask = mask_outputs if name == "outputs" else mask_items
    (tmp_path / "precious").write_text("hunter22")
    (tmp_path / "job" / name).symlink_to(tmp_path / "precious")
    mask(System(), files, Mask([b"hunter22"]), ME)
    (tmp_path / "job" / name).unlink()
    os.mkfifo(tmp_path / "job" / name)
    mask(System(), files, Mask([b"hunter22"]), ME)

    assert (tmp_path / "precious").read_text() == "hunter22"
