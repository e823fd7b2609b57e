from __future__ import annotations

import pytest

from rota.importing.ids import LONGEST, as_id, name_of, unique


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/usr/local/bin/backup.sh --all > /dev/null 2>&1", "backup.sh"),
        ("cd /srv && ./run.py", "run.py"),
        ("[ -x /usr/bin/x ] && /usr/bin/x", "x"),
        ("PATH=/bin LANG=C clean-up", "clean-up"),
        ("nice -n 10 ionice -c 3 timeout 60 sync.sh", "sync.sh"),
        ("/usr/bin/python3 -u /opt/report.py", "report.py"),
        ("sudo -u app rake db:clean", "rake-db:clean"),
        ("docker exec web tidy", "docker-exec"),
        ("if [ -e x ]; then y; fi", "y"),
        (
            "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }",
            "run-parts-cron.daily",
        ),
        ("(cd /srv; ./go)", "go"),
        ("echo 'unfinished", "echo"),
        ("", "job"),
    ],
)
def test_a_command_is_called_by_its_program(command: str, name: str) -> None:
    assert name_of(command) == name


def test_an_id_has_letters_digits_and_dashes() -> None:
    assert as_id("Nightly Backup (v2).sh") == "nightly-backup-v2-sh"
    assert as_id("日本") == "job"
    assert len(as_id("x" * 100)) == LONGEST


def test_ids_are_unique() -> None:
    assert unique(["a.sh", "a-sh", "a.sh", "b"]) == ["a-sh", "a-sh-2", "a-sh-3", "b"]
    assert unique(["x-2", "x", "x"]) == ["x-2", "x", "x-3"]


def test_long_ids_stay_unique_and_short_enough() -> None:
    found = unique(["x" * 80, "x" * 80])

    assert len(set(found)) == 2
    assert all(len(each) <= LONGEST for each in found)
