"""From a job as written to the JobSpec, every key of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rota.config import yaml12
from rota.config.parse import Parsed, Surroundings, parse, restore
from rota.config.part import Part
from rota.core.model import (
    Backoff,
    Check,
    Command,
    Condition,
    Enforce,
    Expect,
    HttpRequest,
    JobSpec,
    Limits,
    Link,
    MissedPolicy,
    Overlap,
    PythonCall,
    Retry,
    RunAs,
    Script,
    Secret,
    Source,
)
from rota.core.triggers import AtTrigger, CronTrigger, EveryTrigger

SOURCE = Source(file="job.yaml", line=1, directory="/etc/rota/jobs.d")


def parsed(text: str, *, host: str | None = None) -> Parsed:
    document = yaml12.read(text.encode(), "job.yaml")
    assert not document.problems
    part = Part(data=document.data, places=document.places)
    return parse("backup", part, SOURCE, Surroundings(timezone="Europe/Berlin", host=host))


def spec(text: str, *, host: str | None = None) -> JobSpec:
    found = parsed(text, host=host)
    assert found.spec is not None, found.problems
    return found.spec


def work(text: str) -> object:
    return spec(text).steps[0].work


def test_the_smallest_job_has_all_defaults() -> None:
    job = spec("run: ./dump.sh\n")

    assert job.steps[0].id == "main"
    assert not job.has_steps
    assert job.enabled
    assert job.triggers == ()
    assert job.retry.attempts == 1
    assert job.missed.run is MissedPolicy.LATEST
    assert job.limits.timeout is None


def test_what_people_read_is_taken_over() -> None:
    job = spec(
        "title: Backup\ndescription: |\n  Dumps.\n  Prunes.\nowner: dba\ntags: [db]\n"
        "links: [{label: Runbook, href: 'https://wiki.example.org/x'}]\nenabled: false\nmarkers: false\n"
        "run: x\n"
    )

    assert (job.title, job.description, job.owner, job.tags) == (
        "Backup",
        "Dumps.\nPrunes.\n",
        "dba",
        ("db",),
    )
    assert job.links == (Link(label="Runbook", href="https://wiki.example.org/x"),)
    assert not job.enabled
    assert not job.markers


def test_a_schedule_is_one_trigger_or_a_list_in_the_default_zone_or_its_own() -> None:
    assert spec("run: x\nschedule: {cron: '0 2 * * *'}\n").triggers == (
        CronTrigger(expression="0 2 * * *", timezone="Europe/Berlin", seed="backup"),
    )
    listed = spec(
        "run: x\nschedule:\n- {every: 15m, timezone: UTC}\n- {at: '2027-01-01T00:00'}\n"
        "- {at: '2027-01-01T00:00:00Z'}\n"
    )
    assert listed.triggers == (
        EveryTrigger(interval=timedelta(minutes=15), timezone="UTC"),
        AtTrigger(at=datetime(2026, 12, 31, 23, tzinfo=UTC), timezone="Europe/Berlin"),
        AtTrigger(at=datetime(2027, 1, 1, tzinfo=UTC), timezone="Europe/Berlin"),
    )


def test_hashed_fields_differ_between_hosts() -> None:
    (trigger,) = spec("run: x\nschedule: {cron: 'H 2 * * *'}\n", host="db1").triggers

    assert isinstance(trigger, CronTrigger)
    assert trigger.seed == "db1/backup"


def test_missed_is_a_word_or_a_block() -> None:
    assert spec("run: x\nmissed: skip\n").missed.run is MissedPolicy.SKIP
    assert spec("run: x\nmissed: {run: all, within: 6h}\n").missed.within == timedelta(hours=6)


def test_retry_limits_and_concurrency_are_values() -> None:
    job = spec(
        "run: x\nstart_deadline: 10m\n"
        "retry: {attempts: 4, backoff: exponential, delay: 10s, max_delay: 5m, jitter: 10%,"
        " on: [failed, unknown], deadline: 2h, restart: true}\n"
        "limits: {timeout: 1h30m, grace: 20, output: 512K}\n"
        "concurrency: {max: 2, overlap: queue, queue: 5}\n"
    )

    assert job.start_deadline == timedelta(minutes=10)
    assert (job.retry.attempts, job.retry.backoff, job.retry.restart) == (4, Backoff.EXPONENTIAL, True)
    assert (job.retry.delay, job.retry.max_delay) == (timedelta(seconds=10), timedelta(minutes=5))
    assert (job.retry.jitter, job.retry.on) == (0.1, frozenset({"failed", "unknown"}))
    assert job.retry.deadline == timedelta(hours=2)
    assert (job.limits.timeout, job.limits.grace) == (timedelta(minutes=90), timedelta(seconds=20))
    assert job.limits.output == 512 * 1024
    assert (job.concurrency.max, job.concurrency.overlap, job.concurrency.queue) == (2, Overlap.QUEUE, 5)


def test_limits_of_memory_cpu_processes_and_files_are_values() -> None:
    job = spec(
        "run: x\nlimits: {memory: 512M, cpu: 150%, pids: 9, nofile: 64, watchdog: 60s, enforce: require}\n"
    )

    assert job.limits == Limits(
        memory=512 * 2**20,
        cpu=150,
        pids=9,
        nofile=64,
        watchdog=timedelta(minutes=1),
        enforce=Enforce.REQUIRE,
    )


def test_as_whom_it_runs_and_how_considerate_it_is_are_values() -> None:
    job = spec('run: x\nas: {user: backup, group: db, umask: "027", nice: 10, io: best-effort:7}\n')

    assert job.run_as == RunAs(user="backup", group="db", umask=0o027, nice=10, io="best-effort:7")
    assert spec("run: x\n").run_as == RunAs()


def test_a_step_has_limits_over_those_of_the_job_and_a_retry_instead_of_its() -> None:
    text = """
    steps:
      - {id: a, run: x, limits: {timeout: 1m, output: 1M}, retry: {attempts: 3}}
      - {id: b, run: x}
    limits: {timeout: 5m, grace: 3s}
    retry: {attempts: 2, delay: 7s}
    """
    first, second = spec(text).steps

    assert first.retry == Retry(attempts=3)
    assert first.limits == Limits(timeout=timedelta(minutes=1), grace=timedelta(seconds=3), output=1024**2)
    assert (second.retry, second.limits) == (None, None)


def test_a_call_of_python_has_its_arguments_as_they_are_written() -> None:
    assert work("python: {callable: 'a.b:c', args: {day: 2026-11-21, n: 2}}") == PythonCall(
        callable="a.b:c", args={"day": "2026-11-21", "n": 2}
    )
    assert work("python: {callable: 'a:b', interpreter: /venv/bin/python}") == PythonCall(
        callable="a:b", interpreter="/venv/bin/python"
    )


def test_what_jobs_share_is_part_of_concurrency() -> None:
    shared = spec("run: x\nconcurrency: {pool: database, weight: 2, priority: -5, lock: db1}\n").concurrency

    assert (shared.pool, shared.weight, shared.priority, shared.lock) == ("database", 2, -5, "db1")


@pytest.mark.parametrize(
    ("concurrency", "column", "message", "hint"),
    [
        ("{pool: databse}", 21, 'there is no pool "databse" in rota.yaml', 'did you mean "database"?'),
        ("{pool: x}", 21, 'there is no pool "x" in rota.yaml', "pools in rota.yaml: database, uplink"),
        ("{pool: uplink, weight: 2}", 37, 'takes 2 places, and the pool "uplink" has 1', "lower the weight"),
    ],
)
def test_a_pool_is_one_of_rota_yaml_and_has_room(
    concurrency: str, column: int, message: str, hint: str
) -> None:
    document = yaml12.read(f"run: x\nconcurrency: {concurrency}\n".encode(), "job.yaml")
    part = Part(data=document.data, places=document.places)
    known = parse("backup", part, SOURCE, Surroundings(pools={"database": 4, "uplink": 1}))
    unknown = parse("backup", part, SOURCE, Surroundings())

    (problem,) = known.problems
    assert (problem.line, problem.column) == (2, column)
    assert message in problem.message
    assert hint in (problem.hint or "")
    assert unknown.problems == ()


@pytest.mark.parametrize(
    ("written", "condition"),
    [
        (
            "{run: test -e /run/master}",
            Condition(work=Script(text="test -e /run/master"), text="test -e /run/master"),
        ),
        (
            "{exec: [systemctl, is-active, 'my db']}",
            Condition(
                work=Command(argv=("systemctl", "is-active", "my db")), text="systemctl is-active 'my db'"
            ),
        ),
        (
            "{exists: /mnt/backup}",
            Condition(work=Command(argv=("test", "-e", "/mnt/backup")), text="/mnt/backup exists"),
        ),
    ],
)
def test_a_condition_is_work_with_words_for_people(written: str, condition: Condition) -> None:
    assert spec(f"run: x\ncondition: {written}\n").condition == condition


def test_a_condition_is_read_by_the_jobs_shell() -> None:
    condition = spec("run: x\nshell: sh\ncondition: {run: 'true'}\n").condition

    assert condition is not None
    assert condition.work == Script(text="true", shell=("sh", "-e", "-c"))


def test_what_is_usual_has_a_shortest_and_a_longest_time() -> None:
    assert spec("run: x\nexpect: {duration: {min: 1s, max: 20m}}\n").expect == Expect(
        shortest=timedelta(seconds=1), longest=timedelta(minutes=20)
    )
    assert spec("run: x\nexpect: {duration: {max: 90}}\n").expect == Expect(longest=timedelta(seconds=90))
    (problem,) = parsed("run: x\nexpect: {duration: {min: 1h, max: 20m}}\n").problems
    assert problem.message == "min (1h) is longer than max (20m)"


def test_the_environment_is_text_however_it_was_written() -> None:
    job = spec("run: x\nenv: {PORT: 5432, DEBUG: true, NAME: x}\nenv_file: a.env\ncwd: /srv\n")

    assert job.env == {"PORT": "5432", "DEBUG": "true", "NAME": "x"}
    assert (job.env_file, job.cwd) == (("a.env",), "/srv")


def test_secrets_are_named_by_where_they_are() -> None:
    job = spec("run: x\nsecrets: {A: {credential: pgpass}, B: {file: b.key}, C: {env: TOKEN}}\n")

    assert job.secrets == {
        "A": Secret(kind="credential", name="pgpass"),
        "B": Secret(kind="file", name="b.key"),
        "C": Secret(kind="env", name="TOKEN"),
    }
    assert job.secrets["A"].text == "(secret: credential pgpass)"


def test_a_secret_that_stands_in_the_job_file_is_not_repeated() -> None:
    (problem,) = parsed("run: x\nsecrets: {PGPASSWORD: hunter2}\n").problems

    assert "hunter2" not in str(problem)
    assert problem.hint == "no value stands in a job file: name the place, such as {file: …}"


def test_exit_codes_that_name_zero_take_it_from_ok() -> None:
    assert spec("run: x\nexit_codes: {warn: [24]}\n").exit_codes.ok == {0}
    assert spec("run: x\nexit_codes: {skip: [0]}\n").exit_codes.ok == frozenset()


def test_shells() -> None:
    assert work("run: x\n") == Script(text="x")
    assert work("run: x\nshell: sh\n") == Script(text="x", shell=("sh", "-e", "-c"))
    assert work("run: x\nshell: [python3, -c]\n") == Script(text="x", shell=("python3", "-c"))


def test_an_argv_is_text_also_where_it_looks_like_numbers() -> None:
    assert work("exec: [sleep, 5]\n") == Command(argv=("sleep", "5"))


def test_a_request_has_its_defaults_filled_in() -> None:
    assert work("http: {url: 'https://example.org'}\n") == HttpRequest(
        settings={"method": "GET", "url": "https://example.org", "headers": {}, "expect": {}, "timeout": 30.0}
    )
    request = work(
        "http: {method: POST, url: 'https://example.org', headers: {X-N: 1}, json: {a: null},"
        " expect: {status: 204, contains: ok}, timeout: 1m}\n"
    )
    assert isinstance(request, HttpRequest)
    assert request.settings["headers"] == {"X-N": "1"}
    assert request.settings["json"] == {"a": None}
    assert request.settings["expect"] == {"status": [204], "contains": "ok"}
    assert request.settings["timeout"] == 60.0


@pytest.mark.parametrize(
    ("block", "kind", "settings"),
    [
        ("disk: {free: 10%}", "disk", {"path": "/", "free": {"fraction": 0.1}}),
        ("disk: {path: /srv, free: 2G}", "disk", {"path": "/srv", "free": {"bytes": 2 * 1024**3}}),
        ("tcp: {host: db1, port: 5432}", "tcp", {"host": "db1", "port": 5432, "timeout": 5.0}),
        (
            "http: {url: 'http://x', status: [200, 204], contains: ok, timeout: 2s}",
            "http",
            {"url": "http://x", "status": [200, 204], "contains": "ok", "timeout": 2.0},
        ),
        (
            "file_age: {glob: '/srv/*.gz', max_age: 26h}",
            "file_age",
            {"glob": "/srv/*.gz", "max_age": 93600.0},
        ),
        ("command: {exec: [true, 1]}", "command", {"exec": ["true", "1"], "ok": [0], "timeout": 30.0}),
        (
            "command: {run: pgrep nginx, ok: [0, 1]}",
            "command",
            {"run": "pgrep nginx", "shell": ["sh", "-e", "-c"], "ok": [0, 1], "timeout": 30.0},
        ),
    ],
)
def test_each_check_becomes_plain_settings(block: str, kind: str, settings: dict[str, object]) -> None:
    if "true" in block:
        block = block.replace("true", "'true'")

    assert work(f"check: {{{block}}}\nshell: sh\n") == Check(kind=kind, settings=settings)


def test_several_checks_have_names_and_a_threshold() -> None:
    found = work(
        "check:\n  threshold: 2\n  checks:\n"
        "  - {name: database, tcp: {host: db1, port: 5432}}\n  - disk: {free: 10%}\n"
    )

    assert isinstance(found, Check)
    assert found.kind == "checks"
    assert found.settings["threshold"] == 2
    checks = found.settings["checks"]
    assert isinstance(checks, list)
    assert [(check["kind"], check["name"]) for check in checks] == [("tcp", "database"), ("disk", "")]


def test_steps_form_a_graph_as_soon_as_one_says_what_it_needs() -> None:
    graph = spec("steps: [{id: a, run: x}, {id: b, run: x, needs: [a]}, {id: c, run: x, needs: []}]")
    ordered = spec("steps: [{id: a, run: x}, {id: b, run: x}]")

    assert [step.needs for step in graph.steps] == [None, ("a",), ()]
    assert (graph.is_graph, ordered.is_graph) == (True, False)


def test_steps_run_in_their_order_with_the_jobs_shell() -> None:
    job = spec(
        "shell: sh\nsteps:\n- {id: dump, title: Dump, run: ./dump, share: 3, env: {A: 1}, cwd: /srv}\n"
        "- {id: verify, exec: [./verify]}\n"
    )

    assert [step.id for step in job.steps] == ["dump", "verify"]
    assert job.has_steps
    dump = job.steps[0]
    assert (dump.title, dump.share, dump.env, dump.cwd) == ("Dump", 3, {"A": "1"}, "/srv")
    assert dump.work == Script(text="./dump", shell=("sh", "-e", "-c"))


def test_a_template_in_shell_text_is_a_warning_that_names_the_variable() -> None:
    found = parsed("run: echo {{ params.database }}\n")

    assert found.spec is not None
    (warning,) = found.problems
    assert warning.severity == "warning"
    assert warning.hint == "use the environment variable $PARAM_DATABASE"


def test_the_definition_does_not_depend_on_the_order_of_keys() -> None:
    one, other = spec("run: x\nowner: y\n").definition, spec("owner: y\nrun: x\n").definition

    assert one == other
    assert one.text == '{"owner":"y","run":"x"}'
    assert len(one.hash) == 64


def test_a_job_comes_back_from_its_definition() -> None:
    job = spec("run: x\nschedule: {every: 5m}\nhosts: db*\n", host="db1")
    here = Surroundings(timezone="Europe/Berlin", host="db1")

    assert restore("backup", job.definition.text, SOURCE, here) == job
    assert restore("backup", job.definition.text, SOURCE, Surroundings(host="web")) is None
    assert restore("backup", "{", SOURCE, here) is None
    assert restore("backup", '{"gone": 1}', SOURCE, here) is None
