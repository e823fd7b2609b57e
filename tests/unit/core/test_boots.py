from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rota.core.boots import boot_dues, is_boot, with_answered
from rota.core.seams import Boot
from rota.core.triggers import BootTrigger, CronTrigger

BOOT = Boot(id="b-2", at=datetime(2026, 6, 1, 2, tzinfo=UTC))
MINUTE = timedelta(minutes=1)
TWO = (BootTrigger(delay=5 * MINUTE), CronTrigger(expression="0 2 * * *"), BootTrigger(delay=timedelta(0)))


def test_each_delay_is_due_that_long_after_the_boot() -> None:
    dues = boot_dues("backup", TWO, BOOT, "")

    assert [(due.at, due.trigger) for due in dues] == [(BOOT.at, 2), (BOOT.at + 5 * MINUTE, 0)]
    assert all(is_boot(due, TWO) for due in dues)


def test_what_is_answered_of_this_boot_is_not_due_again_however_the_clock_wobbles() -> None:
    first, last = boot_dues("backup", TWO, BOOT, "")
    wobbled = Boot(id=BOOT.id, at=BOOT.at + timedelta(seconds=2))

    noted = with_answered("", BOOT, TWO, [first])
    assert [due.trigger for due in boot_dues("backup", TWO, wobbled, noted)] == [last.trigger]

    noted = with_answered(noted, BOOT, TWO, [last])
    assert boot_dues("backup", TWO, wobbled, noted) == ()


def test_another_boot_owes_all_of_them() -> None:
    noted = with_answered("", Boot(id="b-1", at=BOOT.at), TWO, boot_dues("backup", TWO, BOOT, ""))

    assert len(boot_dues("backup", TWO, BOOT, noted)) == 2
