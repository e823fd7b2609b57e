from __future__ import annotations

from pathlib import Path

from rota.cli.process_tree import processes_of


def a_process(
    proc: Path, pid: int, parent: int, command: str, *, run: str | None = None, name: str = "x"
) -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "stat").write_text(f"{pid} ({name}) S {parent} 0 0 0 -1")
    (folder / "cmdline").write_bytes(command.replace(" ", "\0").encode() + b"\0" if command else b"")
    (folder / "statm").write_text("100 2 1 1 0 1 0")
    (folder / "environ").write_bytes(f"PATH=/bin\0ROTA_RUN={run}\0".encode() if run else b"")


def test_a_run_is_its_process_and_all_below_it(tmp_path: Path) -> None:
    a_process(tmp_path, 10, 1, "bash dump.sh", run="backup.7")
    a_process(tmp_path, 12, 10, "gzip -9", run="backup.7")
    a_process(tmp_path, 11, 10, "pg_dump app", run="backup.7")
    a_process(tmp_path, 13, 11, "pg_worker", run="backup.7")
    a_process(tmp_path, 20, 1, "sshd")

    found = processes_of("backup.7", 10, tmp_path)

    assert [(each.depth, each.command) for each in found] == [
        (0, "bash dump.sh"),
        (1, "pg_dump app"),
        (2, "pg_worker"),
        (1, "gzip -9"),
    ]


def test_a_process_that_left_its_parent_is_found_by_its_environment(tmp_path: Path) -> None:
    a_process(tmp_path, 10, 1, "bash start.sh", run="backup.7")
    a_process(tmp_path, 30, 1, "daemonised", run="backup.7")
    a_process(tmp_path, 31, 30, "its child", run="backup.7")
    a_process(tmp_path, 40, 1, "of another run", run="backup.70")

    found = processes_of("backup.7", 10, tmp_path)

    assert [(each.depth, each.pid) for each in found] == [(0, 10), (0, 30), (1, 31)]


def test_a_name_with_parentheses_and_an_empty_command_line_are_read(tmp_path: Path) -> None:
    a_process(tmp_path, 10, 1, "", name="a) S (b")

    assert processes_of("x.1", 10, tmp_path)[0].command == "[a) S (b]"


def test_a_process_that_ended_meanwhile_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "99").mkdir()

    assert processes_of("backup.7", 99, tmp_path) == []
