from __future__ import annotations

from datetime import timedelta

import pytest

from importing import jobs_of, texts_of
from rota.core.model import JobSpec, Script
from rota.core.triggers import BootTrigger, CronTrigger, EveryTrigger
from rota.importing.crontab import read
from rota.importing.found import Entry


def only(text: str, *, has_user: bool | None = None, timezone: str | None = None) -> JobSpec:
    found = read(text, has_user=has_user, timezone=timezone)
    assert found.unconverted == ()
    (job,) = jobs_of(found).values()
    return job


def entry(text: str, *, has_user: bool | None = None) -> Entry:
    (found,) = read(text, has_user=has_user).entries
    return found


def script(job: JobSpec) -> Script:
    work = job.steps[0].work
    assert isinstance(work, Script)
    return work


def refused(text: str) -> str:
    found = read(text)
    assert found.entries == ()
    (lost,) = found.unconverted
    return lost.reason


def test_a_line_becomes_a_job_that_is_easy_to_read() -> None:
    text = "# Nightly dump of the shop\n0 2 * * 1-5 /usr/local/bin/backup.sh --all\n"

    assert texts_of(read(text)) == {
        "backup-sh": """\
# from test line 2: 0 2 * * 1-5 /usr/local/bin/backup.sh --all
title: Nightly dump of the shop

schedule:
  cron: "0 2 * * 1-5"

run: /usr/local/bin/backup.sh --all
"""
    }


def test_a_command_that_shells_read_differently_keeps_the_shell_of_cron() -> None:
    assert script(only("* * * * * cd /srv; ls $x\n")).shell == ("/bin/sh", "-c")


def test_the_shell_of_the_crontab_is_kept() -> None:
    job = only("SHELL=/bin/bash\n* * * * * cd /srv && ls\n")

    assert script(job) == Script(text="cd /srv && ls", shell=("/bin/bash", "-c"))


def test_settings_hold_for_the_lines_below_them() -> None:
    jobs = jobs_of(read('A = "one two"\n1 * * * * first\nA=3\nHOME=/srv/app\nPATH=/bin\n2 * * * * second\n'))

    assert dict(jobs["first"].env) == {"A": "one two"}
    assert jobs["first"].cwd is None
    assert jobs["second"].env["A"] == "3"
    assert jobs["second"].env["PATH"] == "/bin"
    assert jobs["second"].cwd == "/srv/app"


def test_a_value_with_braces_is_no_template() -> None:
    assert dict(only("A={{ x }}\n* * * * * first\n").env) == {"A": "{{ '{{' }} x }}"}


def test_the_zone_of_the_crontab_goes_before_that_of_the_host() -> None:
    jobs = jobs_of(read("1 * * * * a\nCRON_TZ=Asia/Tokyo\n2 * * * * b\n", timezone="Europe/Berlin"))

    assert [job.triggers[0].timezone for job in jobs.values()] == ["Europe/Berlin", "Asia/Tokyo"]


def test_what_follows_a_percent_sign_is_the_input_of_the_command() -> None:
    job = only(r"0 9 * * 1 mail -s 50\% ops%Dear all,%good \% day" + "\n")

    assert script(job).text == "mail -s 50% ops <<'STDIN'\nDear all,\ngood % day\nSTDIN\n"


def test_the_input_goes_to_the_whole_of_several_commands() -> None:
    assert script(only("0 9 * * 1 cat; wc%x\n")).text == "{\ncat; wc\n} <<'STDIN'\nx\nSTDIN\n"


def test_reboot_is_once_after_each_boot() -> None:
    job = only("@reboot /opt/app/start\n", timezone="Europe/Berlin")

    (trigger,) = job.triggers
    assert isinstance(trigger, BootTrigger)
    assert trigger.delay == timedelta(0)


def test_seconds_after_the_end_as_freebsd_has_them() -> None:
    (trigger,) = only("@600 poll\n").triggers

    assert isinstance(trigger, EveryTrigger)
    assert (trigger.interval, trigger.from_end) == (timedelta(minutes=10), True)


def test_a_random_minute_becomes_a_hash_and_says_so() -> None:
    found = entry("~ 3 * * * update\n")

    assert found.keys["schedule"] == {"cron": "H(0-59) 3 * * *"}
    assert "minute: cron chose at random" in found.notes[0]


def test_the_system_form_is_known_by_its_users() -> None:
    text = "17 *\t* * *\troot\trun-parts /etc/cron.hourly\n25 6 * * * www-data /usr/bin/php cron.php\n"
    found = read(text)

    assert set(jobs_of(found)) == {"run-parts-cron-hourly", "cron-php"}
    assert found.entries[0].keys["run"] == "run-parts /etc/cron.hourly"
    assert "it ran as the user root" in found.entries[0].notes[0]


def test_a_user_crontab_that_looks_like_one_of_the_system_can_be_named_one() -> None:
    text = "0 2 * * * backup --all\n"

    assert entry(text).keys["run"] == "backup --all"
    assert entry(text, has_user=True).keys["run"] == "--all"


def test_mail_is_noted() -> None:
    assert "mailed the output to ops@example.org" in entry("MAILTO=ops@example.org\n* * * * * a\n").notes[0]
    assert entry('MAILTO=""\n* * * * * a\n').notes == ()


def test_flock_and_nice_stay_and_give_the_job_no_name() -> None:
    found = entry("*/5 * * * * nice -n 10 flock -n /run/x.lock /opt/sync.sh\n")

    assert found.name == "sync.sh"
    assert found.keys["run"] == "nice -n 10 flock -n /run/x.lock /opt/sync.sh"
    assert "flock is no longer needed" in found.notes[0]


def test_a_dash_before_the_times_is_dropped() -> None:
    found = entry("-*/15 * * * * collect\n")

    assert found.keys["schedule"] == {"cron": "*/15 * * * *"}
    assert "log quiet" in found.notes[0]


def test_only_the_comment_right_above_a_line_is_its_title() -> None:
    text = (
        "# m h dom mon dow command\n# About the file.\n\n# -----\n# First line of many words,\n# second.\n"
        "1 * * * * a\n# 0 5 * * * old\n2 * * * * b\n"
    )
    jobs = jobs_of(read(text))

    assert jobs["a"].title == "First line of many words, second"
    assert jobs["b"].title == ""


def test_the_picture_of_the_fields_is_no_title() -> None:
    text = (
        "# Example of job definition:\n# .------- minute (0 - 59)\n# |  .---- hour (0 - 23)\n# |  |\n"
        "# *  *  *  *  * user-name command\n17 * * * * root a\n"
    )

    assert only(text).title == ""


def test_a_long_comment_is_a_title_and_a_description() -> None:
    comment = "# " + "word " * 20 + "\n# and then some more of it.\n"
    job = only(comment + "1 * * * * a\n")

    assert job.title == ("word " * 20).strip()
    assert job.description.endswith("and then some more of it.")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("*/10 * * * * * poll", "6 time fields"),
        ("1 5 cron.daily nice run-parts /etc/cron.daily", "anacrontab"),
        ("@monthly 45 cron.monthly run-parts /etc/cron.monthly", "anacrontab"),
        ("0 25 * * * a", "hour: 25 is not in 0 to 23"),
        ("0 0 31 2 * a", "never fires"),
        ("@fortnightly a", "is not known"),
        ("0 2 * *", "expected five time fields"),
        ("1~5,30 * * * * a", "a random range in a list"),
        ("* * * * * %x", "no command before the first %"),
        ("'B C'=x", "can't be the name of a variable"),
        ("ROTA_X=1", "a name that rota gives to jobs itself"),
    ],
)
def test_what_can_not_be_converted_says_why(line: str, reason: str) -> None:
    assert reason in refused(line + "\n")


def test_what_is_lost_names_its_line_and_text() -> None:
    (lost,) = read("\n\n  what is this\n").unconverted

    assert (lost.line, lost.text) == (3, "what is this")


@pytest.mark.parametrize(
    ("times", "ours"),
    [
        ("0 22-2 * * *", "0 0-2,22-23 * * *"),
        ("0 0 * * fri-mon", "0 0 * * 0-1,5-6"),
        ("0 0 * nov-feb *", "0 0 * 1-2,11-12 *"),
        ("*/70 * * * *", "0 * * * *"),
        ("5/70 * * * *", "5 * * * *"),
        ("10-10 * * * *", "10 * * * *"),
        ("0 0 * * SUN", "0 0 * * sun"),
        ("0,15 8-18/2 * * 1-5", "0,15 8-18/2 * * 1-5"),
    ],
)
def test_times_that_cron_takes_and_we_write_in_another_way(times: str, ours: str) -> None:
    (trigger,) = only(f"{times} a\n").triggers

    assert isinstance(trigger, CronTrigger)
    assert trigger.expression == ours


def test_a_line_that_no_cron_would_run_is_not_looked_at() -> None:
    found = read(f"0 2 * * * {'a' * 4_000_000}\n0 3 * * * {' ' * 9000}\n0 4 * * * true\n")

    assert [each.line for each in found.entries] == [3]
    assert [len(each.text) < 200 for each in found.unconverted] == [True, True]
    assert "more than 10000 characters" in found.unconverted[0].reason
