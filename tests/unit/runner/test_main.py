"""What a runner says of itself."""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path

import pytest

from rota.runner.__main__ import facts, main
from rota.runner.switch import Switch
from rota.runner.system import System


def account(home: str) -> pwd.struct_passwd:
    return pwd.struct_passwd(("backup", "x", 1000, 1000, "", home, "/bin/sh"))


def test_the_home_of_its_user_is_where_jobs_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: account(str(tmp_path)))

    assert facts(System(), "/state", Switch(System()))["home"] == str(tmp_path)


def test_jobs_of_an_account_without_a_home_work_in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: account("/nonexistent"))

    assert facts(System(), "/state", Switch(System()))["home"] == "/"


class Exhausted(System):
    """A host without a file descriptor to spare."""

    def allow_many_files(self) -> None:
        raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))


def test_what_may_pass_is_another_exit_status_than_what_can_not_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--state", str(tmp_path / "state"), "--socket", str(tmp_path / "runner.sock")]

    assert main(words, Exhausted()) == 1
    assert main(["--state"], System()) == 2
    assert "Too many open files in system" in capsys.readouterr().err
