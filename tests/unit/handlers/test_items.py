"""The process that finds the items of a batch, as a process and as a function."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rota.core.errors import JobError
from rota.core.model import Command, ItemSearch, ItemSource, Script
from rota.handlers.items import main
from rota.handlers.work import prepare
from rota.process.items import read_items


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROTA_OUTPUT", str(tmp_path / "outputs"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "items"


def printing(text: str, *, status: int = 0, most: int = 500) -> dict[str, object]:
    return {"argv": ["sh", "-c", f"printf '%b' \"$0\"; exit {status}", text], "most": most}


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("a\\nb c\\n", ["a", "b c"]),
        ("\\n\\na\\r\\n\\n", ["a"]),
        ("a", ["a"]),
        ("", []),
        ("\\n [1, {\\042n\\042: 2},\\n true]\\n", [1, {"n": 2}, True]),
        ("[]", []),
        ("[a]\\n[b]\\n", ["[a]", "[b]"]),
        ("[1]\\n[2]\\n", ["[1]", "[2]"]),
    ],
)
def test_lines_or_one_list_are_items(found: Path, text: str, items: list[object]) -> None:
    assert main(printing(text)) == 0

    assert list(read_items(str(found))) == items


def test_a_command_that_fails_has_its_own_status(found: Path) -> None:
    assert main(printing("a\\n", status=4)) == 4

    assert list(read_items(str(found))) == ["a"]  # which counts when `exit_codes` says that 4 is ok


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\\nb\\nc\\n", "there are more than 2 items (max_items)"),
        ("[1, 2, 3, 4]", "there are more than 2 items (max_items)"),
        ("[[1]]", "item 1 is neither text, a number, true, false nor an object"),
        ("x" * 70_000, "item 1 is larger than 64 KiB"),
    ],
)
def test_what_can_not_be_used_is_said_and_leaves_nothing(
    found: Path, text: str, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(printing(text, most=2)) == 126

    assert capfd.readouterr().out.splitlines()[-1] == f"::error {message}"
    assert not found.exists()


def test_a_command_that_is_not_there_is_named(found: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main({"argv": ["no-such-command"], "most": 5}) == 126

    assert capfd.readouterr().out == "::error No such file or directory: no-such-command\n"


def test_a_file_is_read_as_the_output_of_a_command_is(found: Path) -> None:
    Path("list.txt").write_text('["a", {"b": 1}]')
    assert main({"file": "list.txt", "most": 5}) == 0

    assert list(read_items(str(found))) == ["a", {"b": 1}]


def test_paths_that_fit_are_in_order(found: Path) -> None:
    for name in ("b.csv", "a.csv", "sub/c.csv", "d.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert main({"glob": "**/*.csv", "most": 5}) == 0

    assert list(read_items(str(found))) == ["a.csv", "b.csv", "sub/c.csv"]


def test_the_search_is_told_by_its_environment() -> None:
    shell = ItemSource(kind="command", work=Script(text="ls", shell=("sh", "-c")))
    program = ItemSource(kind="command", work=Command(argv=("ls", "{{ params.x }}")))

    told = [
        json.loads(prepare(ItemSearch(source=source, most=7), {"params": {"x": "/srv"}}).env["ROTA_WORK"])
        for source in (shell, program, ItemSource(kind="glob", path="*.csv"))
    ]

    assert told == [
        {"argv": ["sh", "-c", "ls"], "most": 7},
        {"argv": ["ls", "/srv"], "most": 7},
        {"glob": "*.csv", "most": 7},
    ]


@pytest.mark.parametrize("content", ["nonsense\n", "null\n", "[1]\n", "{\n"])
def test_a_file_that_something_else_wrote_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "items"
    path.write_text(content)

    with pytest.raises(JobError):
        list(read_items(str(path)))


def test_nothing_but_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("1\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with pytest.raises(OSError, match="link"):
        list(read_items(str(tmp_path / "link")))
    with pytest.raises((JobError, OSError)):
        list(read_items(str(tmp_path)))
