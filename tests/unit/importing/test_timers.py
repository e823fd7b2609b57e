from __future__ import annotations

from datetime import timedelta

import pytest

from importing import jobs_of
from rota.core.model import Command, JobSpec, MissedPolicy, Script
from rota.core.triggers import BootTrigger, CronTrigger, EveryTrigger
from rota.importing.found import Found
from rota.importing.timers import read

SERVICE = "# /lib/systemd/system/x.service\n[Service]\nType=oneshot\n"


def found_in(timer: str, service: str = "ExecStart=/bin/true") -> Found:
    text = f"# /etc/systemd/system/x.timer\n[Timer]\n{timer}\n\n{SERVICE}{service}\n"
    (found,) = read([("-", text)])
    return found


def job_of(timer: str, service: str = "ExecStart=/bin/true") -> JobSpec:
    found = found_in(timer, service)
    assert found.unconverted == ()
    (job,) = jobs_of(found).values()
    return job


def lost_in(timer: str, service: str = "ExecStart=/bin/true") -> list[tuple[str, str]]:
    return [(each.text, each.reason) for each in found_in(timer, service).unconverted]


def test_every_calendar_event_is_a_trigger() -> None:
    job = job_of("OnCalendar=Mon..Fri 02:30\nOnCalendar=Sat 04:00")

    assert [each.expression for each in job.triggers if isinstance(each, CronTrigger)] == [
        "30 2 * * mon-fri",
        "0 4 * * sat",
    ]


def test_lengths_of_time_are_boot_and_every() -> None:
    boot, every, from_end = job_of("OnBootSec=15min\nOnUnitActiveSec=1h 30min\nOnUnitInactiveSec=2d").triggers

    assert isinstance(boot, BootTrigger)
    assert boot.delay == timedelta(minutes=15)
    assert isinstance(every, EveryTrigger)
    assert (every.interval, every.from_end) == (timedelta(minutes=90), False)
    assert isinstance(from_end, EveryTrigger)
    assert (from_end.interval, from_end.from_end) == (timedelta(days=2), True)


def test_without_persistent_nothing_is_caught_up_on() -> None:
    assert job_of("OnCalendar=daily").missed.run is MissedPolicy.SKIP


@pytest.mark.parametrize(("event", "days"), [("daily", 1), ("weekly", 7), ("monthly", 31)])
def test_a_persistent_timer_is_caught_up_on_however_long_it_takes(event: str, days: int) -> None:
    missed = job_of(f"OnCalendar={event}\nPersistent=true").missed

    assert missed.run is MissedPolicy.LATEST
    assert timedelta(days=days) <= missed.within <= timedelta(days=days + 1)


def test_a_random_delay_is_a_spread() -> None:
    found = found_in("OnCalendar=daily\nRandomizedDelaySec=1h")

    assert found.entries[0].keys["schedule"]["spread"] == "1h"
    assert "drew the delay anew" in found.entries[0].notes[0]
    assert found_in("OnCalendar=daily\nRandomizedDelaySec=1h\nFixedRandomDelay=yes").entries[0].notes == ()


def test_the_command_is_an_argv_as_it_was_for_systemd() -> None:
    job = job_of("OnCalendar=daily", "ExecStart=/usr/bin/dump 'a b' \\\n  $$HOME 100%%")

    assert job.steps[0].work == Command(argv=("/usr/bin/dump", "a b", "$HOME", "100%"))


def test_variables_of_the_environment_are_replaced_by_a_shell_with_the_same_quoting() -> None:
    job = job_of(
        "OnCalendar=daily", 'Environment="DB=a b"\nExecStart=/usr/bin/dump ${DB} "it\'s" $WORDS x${DB}y'
    )

    work = job.steps[0].work
    assert isinstance(work, Script)
    assert work.text == """/usr/bin/dump "${DB}" 'it'"'"'s' $WORDS "x${DB}y\""""
    assert dict(job.env) == {"DB": "a b"}


def test_a_shell_command_is_read_by_the_same_shell() -> None:
    work = job_of("OnCalendar=daily", "ExecStart=/bin/sh -c 'ls | wc -l'").steps[0].work

    assert work == Script(text="ls | wc -l", shell=("/bin/sh", "-c"))


def test_what_comes_before_and_after_makes_steps() -> None:
    job = job_of(
        "OnCalendar=daily",
        "ExecStartPre=-/bin/a\nExecStartPre=/bin/b\nExecStart=/bin/c\nExecStartPost=/bin/d",
    )

    assert [step.id for step in job.steps] == ["before1", "before2", "work", "after"]
    first = job.steps[0].work
    assert isinstance(first, Script)
    assert first.text == "/bin/a || true"


def test_an_empty_assignment_forgets_what_was_before() -> None:
    text = (
        "# /lib/systemd/system/x.timer\n[Timer]\nOnCalendar=daily\n"
        "# /etc/systemd/system/x.timer.d/override.conf\n[Timer]\nOnCalendar=\nOnCalendar=hourly\n"
        + SERVICE + "ExecStart=/bin/true\n"
    )  # fmt: skip
    (found,) = read([("-", text)])
    (job,) = jobs_of(found).values()

    assert [each.expression for each in job.triggers if isinstance(each, CronTrigger)] == ["0 * * * *"]


def test_a_timer_and_its_service_may_be_two_files() -> None:
    timer, service = "[Timer]\nOnCalendar=daily\nUnit=other.service\n", "[Service]\nExecStart=/bin/true\n"
    first, second = read([("/tmp/x.timer", timer), ("other.service", service)])

    assert list(jobs_of(first)) == ["x"]
    assert second == Found()


def test_limits_folder_codes_and_condition() -> None:
    job = job_of(
        "OnCalendar=daily",
        "ExecStart=/bin/true\nTimeoutStartSec=5min\nTimeoutStopSec=20\nWorkingDirectory=/srv\n"
        "SuccessExitStatus=3 TEMPFAIL\nRestart=on-failure\nRestartSec=30\nStartLimitBurst=3\n"
        "EnvironmentFile=-/etc/default/x\nExecCondition=/usr/bin/test -e /srv/x",
    )

    assert (job.limits.timeout, job.limits.grace) == (timedelta(minutes=5), timedelta(seconds=20))
    assert (job.retry.attempts, job.retry.delay) == (3, timedelta(seconds=30))
    assert job.exit_codes.ok == {0, 3, 75}
    assert job.env_file == ("?/etc/default/x",)
    assert job.cwd == "/srv"
    assert job.condition is not None
    assert job.condition.work == Command(argv=("/usr/bin/test", "-e", "/srv/x"))


@pytest.mark.parametrize(
    ("timer", "service", "lost", "reason"),
    [
        ("OnCalendar=daily\nWakeSystem=true", "ExecStart=/bin/a", "WakeSystem=true", "no sleeping machine"),
        ("OnCalendar=daily\nOnActiveSec=5m", "ExecStart=/bin/a", "OnActiveSec=5m", "switched on"),
        ("OnCalendar=daily\nOnCalendar=*:*:07", "ExecStart=/bin/a", "OnCalendar=*:*:07", "seconds"),
        ("OnCalendar=daily", "ExecStart=/bin/a\nNice=5", "Nice=5", "nice -n"),
        ("OnCalendar=daily", "ExecStart=/bin/a\nMemoryMax=1G", "MemoryMax=1G", "no such limit yet"),
        ("OnCalendar=daily", "ExecStart=/bin/a\nProtectHome=yes", "ProtectHome=yes", "closes nothing off"),
        ("OnCalendar=daily", "ExecStart=/bin/a\nRestart=always", "Restart=always", "from: end"),
        ("OnCalendar=daily", "ExecStart=/bin/a %H", "x.timer", "the specifier %H"),
        (
            "OnCalendar=daily\nUnit=y@.service",
            "[X]\n# /y@.service\n[Service]\nExecStart=/bin/a %i",
            "x.timer",
            "no text says which",
        ),
        ("OnCalendar=daily", "ExecStart=/bin/a 'x", "x.timer", "a quote that does not end"),
        ("OnCalendar=daily", "Type=forking\nExecStart=/bin/a", "x.timer", "first process"),
        ("OnCalendar=daily", "Nice=5", "x.timer", "no ExecStart="),
        ("OnCalendar=*:*:07", "ExecStart=/bin/a", "x.timer", "none of its times"),
    ],
)
def test_what_has_no_place_is_listed_with_the_reason(
    timer: str, service: str, lost: str, reason: str
) -> None:
    assert any(text == lost and reason in why for text, why in lost_in(timer, service))


def test_a_missing_service_is_asked_for() -> None:
    (found,) = read([("x.timer", "[Timer]\nOnCalendar=daily\n")])

    assert "systemctl cat x.timer x.service" in found.unconverted[0].reason


def test_a_text_without_units_says_so() -> None:
    assert "no unit in it" in read([("a", "hello")])[0].unconverted[0].reason
    assert "no timer in it" in read([("x.service", "[Service]\nExecStart=/bin/a\n")])[0].unconverted[0].reason
