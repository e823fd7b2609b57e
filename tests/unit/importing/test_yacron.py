from __future__ import annotations

from datetime import timedelta
from textwrap import dedent

import pytest

from importing import jobs_of
from rota.core.model import Backoff, Command, JobSpec, MissedPolicy, Script
from rota.core.triggers import BootTrigger, CronTrigger, EveryTrigger
from rota.importing.found import Found
from rota.importing.yacron import read

QUIET = "concurrencyPolicy: Forbid, failsWhen: {producesStdout: false, producesStderr: false}"


def one(keys: str, *, timezone: str | None = None) -> JobSpec:
    found = read(f"jobs:\n  - {{name: x, {QUIET}, {keys}}}\n", timezone=timezone)
    assert found.unconverted == ()
    (job,) = jobs_of(found).values()
    return job


def lost(text: str) -> list[tuple[int, str, str]]:
    return [(each.line, each.text, each.reason) for each in read(dedent(text)).unconverted]


def cron(job: JobSpec) -> CronTrigger:
    (trigger,) = job.triggers
    assert isinstance(trigger, CronTrigger)
    return trigger


def test_a_job_with_everything_that_has_a_place() -> None:
    found = read(
        dedent("""\
        defaults:
          shell: /bin/bash
          environment:
            - {key: PATH, value: /bin}
        jobs:
          - name: Nightly Dump
            command: dump | gzip
            schedule: "0 2 * * *"
            timezone: Europe/Berlin
            environment:
              - {key: DB, value: "{{ app }}"}
            env_file: /etc/dump.env
            workingDirectory: /srv
            enabled: no
            executionTimeout: 90
            killTimeout: 2.5
            concurrencyPolicy: Forbid
            onMissed: run-all
            startingDeadlineSeconds: 3600
            onFailure:
              retry: {maximumRetries: 3, initialDelay: 5, maximumDelay: 60, backoffMultiplier: 2}
        """)
    )
    (job,) = jobs_of(found).values()

    assert found.unconverted == ()
    assert (job.id, job.title, job.enabled) == ("nightly-dump", "Nightly Dump", False)
    assert job.steps[0].work == Script(text="dump | gzip", shell=("/bin/bash", "-c"))
    assert (cron(job).expression, cron(job).timezone) == ("0 2 * * *", "Europe/Berlin")
    assert dict(job.env) == {"PATH": "/bin", "DB": "{{ '{{' }} app }}"}
    assert (job.env_file, job.cwd) == (("/etc/dump.env",), "/srv")
    assert (job.limits.timeout, job.limits.grace) == (timedelta(seconds=90), timedelta(seconds=3))
    assert (job.missed.run, job.missed.within) == (MissedPolicy.ALL, timedelta(hours=1))
    assert (job.retry.attempts, job.retry.backoff) == (4, Backoff.EXPONENTIAL)
    assert (job.retry.delay, job.retry.max_delay) == (timedelta(seconds=5), timedelta(minutes=1))


def test_a_list_is_an_argv() -> None:
    assert one('command: [echo, "{{ x }}"], schedule: "@daily"').steps[0].work == Command(
        argv=("echo", "{{ '{{' }} x }}")
    )


def test_the_map_form_of_a_schedule() -> None:
    job = one('command: a, schedule: {minute: "*/5", dayOfWeek: 1-5}')

    assert cron(job).expression == "*/5 * * * 1-5"


@pytest.mark.parametrize("text", ["0 5 * * * *", "0 0 5 * * * *"])
def test_open_years_and_seconds_of_zero_are_dropped(text: str) -> None:
    job = one(f'command: a, schedule: "{text}"')

    assert cron(job).expression == ("0 5 * * *")


@pytest.mark.parametrize(("seconds", "every"), [("*/15", 15), ("*", 1)])
def test_an_even_rhythm_of_seconds_is_every(seconds: str, every: int) -> None:
    (trigger,) = one(f'command: a, schedule: {{second: "{seconds}"}}').triggers

    assert isinstance(trigger, EveryTrigger)
    assert trigger.interval == timedelta(seconds=every)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("0 5 1-7 * 1", "0 5 * * mon#1"),
        ("0 5 */2 * 1", "0 5 */2 * 1"),
        ("0 5 8-14 * 6,7", "0 5 * * sun#2,sat#2"),
    ],
)
def test_both_days_have_to_match(theirs: str, ours: str) -> None:
    assert cron(one(f'command: a, schedule: "{theirs}"')).expression == ours


def test_times_are_utc_unless_the_file_says_local() -> None:
    assert cron(one('command: a, schedule: "@daily"', timezone="Asia/Tokyo")).timezone == "UTC"
    assert (
        cron(one('command: a, utc: false, schedule: "@daily"', timezone="Asia/Tokyo")).timezone
        == "Asia/Tokyo"
    )


def test_reboot_is_boot() -> None:
    assert isinstance(one('command: a, schedule: "@reboot"').triggers[0], BootTrigger)


def test_pools_keep_their_places_and_priorities() -> None:
    job = one('command: a, schedule: "@daily", pool: db, poolSlots: 2, queuePriority: 5')

    assert (job.concurrency.pool, job.concurrency.weight, job.concurrency.priority) == ("db", 2, 5)


def test_runs_that_could_overlap_are_noted() -> None:
    found = read('jobs:\n  - {name: a, command: b, schedule: "@daily"}\n')

    assert any("runs could overlap" in note for note in found.entries[0].notes)
    assert any("stderr counted as a failure" in note for note in found.entries[0].notes)
    assert jobs_of(found)["a"].concurrency.max == 1


def test_runs_that_shall_overlap_may() -> None:
    found = read('jobs:\n  - {name: a, command: b, schedule: "@daily", concurrencyPolicy: Allow}\n')

    assert jobs_of(found)["a"].concurrency.max == 100


def test_what_has_no_place_is_listed_with_line_and_reason() -> None:
    found = lost("""\
        jobs:
          - name: a
            command: b
            schedule: "@daily"
            concurrencyPolicy: Replace
            statsd: {host: x}
            nonsense: 1
            failsWhen:
              producesStdout: true
            onFailure:
              report:
                mail: {to: x}
        web:
          listen: [http://x]
        """)

    assert [line for line, _, _ in found] == [5, 6, 7, 9, 11, 13]
    assert found[2] == (7, "nonsense: 1", "a key that this importer does not know")


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ('name: a, command: b, schedule: {minute: "0", year: "2030"}', "the year 2030"),
        ('name: a, command: b, schedule: {second: "*/10", hour: "5"}', "the second */10"),
        ('name: a, command: b, schedule: "0 0 13 * 5"', "either for a match"),
        ('name: a, command: b, schedule: {second: "*/7"}', "the second */7"),
        ("name: a, command: b", "without a schedule"),
        ('name: a, schedule: "@daily"', "without a command"),
        ('command: a, schedule: "@daily"', "without a name"),
        ('name: a, command: b, schedule: "61 * * * *"', "61 is not in 0 to 59"),
    ],
)
def test_a_job_that_can_not_be_converted_says_why(job: str, reason: str) -> None:
    found = read(f"jobs:\n  - {{{job}}}\n")

    assert found.entries == ()
    assert reason in found.unconverted[0].reason


@pytest.mark.parametrize(
    "text", ["jobs: [", "a: &a [*a]", "jobs: " + "[" * 100 + "]" * 100, "? [a]\n: b", "0 4 * * * /x"]
)
def test_a_text_that_is_no_such_file_is_listed_as_a_whole(text: str) -> None:
    assert read(text).entries == ()
    assert len(read(text).unconverted) == 1


def test_an_empty_file_has_nothing() -> None:
    assert read("") == Found()
