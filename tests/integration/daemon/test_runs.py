"""What a job gets and what is kept of it, from its file over the real runner to the API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daemon_process import DaemonProcess
from eventually import eventually

KIB = 1024


def run_of(daemon: DaemonProcess, job: str, text: str, **params: object) -> Any:
    """The job's run, once it has ended."""
    daemon.load(job, text)
    return daemon.ended(daemon.run(job, **params))


def test_a_run_has_the_documented_environment_and_inherits_nothing(daemon: DaemonProcess) -> None:
    run = run_of(daemon, "environment", "run: env -0 | tr '\\0' '\\n'\nenv: {WHO: me}\n")

    told = dict(line.split("=", 1) for line in daemon.lines(run["id"]))
    shell_made = {"PWD", "SHLVL", "_", "OLDPWD"}
    rota_made = {name for name in told if name.startswith("ROTA_")}
    passwd = {"HOME", "LANG", "LOGNAME", "PATH", "SHELL", "USER"}
    assert set(told) - shell_made - rota_made == {*passwd, "NOTIFY_SOCKET", "WHO"}
    assert (told["WHO"], told["LANG"]) == ("me", "C.UTF-8")
    assert told["PATH"] == "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert (told["ROTA_JOB"], told["ROTA_RUN"]) == ("environment", run["id"])
    assert (told["ROTA_ATTEMPT"], told["ROTA_TRIGGER"]) == ("1", "manual")
    assert told["ROTA_URL"] == daemon.url


def test_a_run_can_be_for_another_instant(daemon: DaemonProcess) -> None:
    daemon.load("for-then", 'run: echo "$ROTA_SCHEDULED_FOR $ROTA_SCHEDULED_EPOCH"\n')

    daemon.rota("run", "for-then", "--for", "2026-10-01T02:00Z", "--follow")

    assert daemon.lines("for-then.1") == ["2026-10-01T02:00:00+00:00 1790820000"]
    assert daemon.get("/api/v1/runs/for-then.1")["scheduledFor"] == 1790820000000


PARAMS = """
params:
  name: {type: string, pattern: "^[a-z]+$", default: world}
  count: {type: integer, minimum: 1, default: 2}
  loud: {type: boolean, default: false}
  hosts: {type: array, items: {type: string}, default: []}
  any: {default: ""}
run: printf '%s|' "$PARAM_NAME" "$PARAM_COUNT" "$PARAM_LOUD" "$PARAM_HOSTS"
"""


def test_parameters_reach_the_job_as_variables_and_missing_ones_by_their_default(
    daemon: DaemonProcess,
) -> None:
    run = run_of(daemon, "params", PARAMS, name="moon", loud=True, hosts=["a", "b"])

    assert daemon.lines(run["id"]) == ['moon|2|true|["a","b"]|']
    assert run["params"] == {"name": "moon", "count": 2, "loud": True, "hosts": ["a", "b"], "any": ""}


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"count": 0}, "/count"),
        ({"count": "2"}, "/count"),
        ({"name": "$(reboot)"}, "/name"),
        ({"hosts": ["a", 1]}, "/hosts/1"),
        ({"nmae": "moon"}, "/nmae"),
        ({"any": "moon\0"}, "/any"),
    ],
)
def test_a_wrong_parameter_is_refused_with_its_place(
    daemon: DaemonProcess, params: dict[str, object], pointer: str
) -> None:
    daemon.load("params-wrong", PARAMS)

    status, problem = daemon.request("POST", "/api/v1/jobs/params-wrong/runs", {"params": params})

    assert status == 422
    assert [each["path"] for each in problem["problems"]] == [pointer]
    assert pointer.split("/")[1] in problem["detail"]
    assert daemon.get("/api/v1/jobs/params-wrong/runs")["total"] == 0


@pytest.mark.parametrize(
    ("code", "state", "reason", "attempts"),
    [
        (0, "completed", "exit", 1),
        (3, "completed", "exit", 1),  # ok
        (24, "completed", "exit", 1),  # warn
        (99, "skipped", "exit_code", 1),
        (75, "failed", "exit", 2),  # retry, although `on` does not say failed
        (64, "failed", "exit", 1),  # fatal
        (1, "failed", "exit", 1),  # any other: by `on`
    ],
)
def test_exit_codes_mean_what_the_job_says(
    daemon: DaemonProcess, code: int, state: str, reason: str, attempts: int
) -> None:
    codes = "{ok: [0, 3], warn: [24], skip: [99], retry: [75], fatal: [64]}"
    text = f"exit_codes: {codes}\nretry: {{attempts: 2, delay: 0, on: [timeout]}}\nrun: exit {code}\n"

    run = run_of(daemon, f"exits-{code}", text)

    assert (run["state"], run["reason"], run["exitCode"]) == (state, reason, code)
    assert [each["n"] for each in run["attempts"]] == list(range(1, attempts + 1))
    assert run["warnings"] == (["exit code 24 counts as a warning"] if code == 24 else [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("exec: [no-such-program, -v]\n", "no program no-such-program in PATH"),
        ("exec: [/nowhere/at-all]\n", "/nowhere/at-all"),
        ("cwd: /nowhere\nrun: 'true'\n", "/nowhere"),
        ("env_file: /nowhere/it.env\nrun: 'true'\n", "/nowhere/it.env is not there"),
        ("env_file: .bad.env\nrun: 'true'\n", "/.bad.env:2: expected KEY=value"),
        ("env: {A: '{{ 1 / params.n }}'}\nparams: {n: {default: 0}}\nrun: 'true'\n", "division by zero"),
    ],
    ids=["program", "path", "cwd", "env_file", "env_file-line", "template"],
)
def test_what_can_not_be_started_is_refused_in_words(
    daemon: DaemonProcess, request: pytest.FixtureRequest, text: str, told: str
) -> None:
    (daemon.jobs / ".bad.env").write_text("A=1\nnot a line\n")
    job = f"refused-{request.node.callspec.id.replace('_', '-')}"

    run = run_of(daemon, job, text)

    assert (run["state"], run["reason"], run["exitCode"]) == ("failed", "refused", None)
    assert told in run["message"]
    assert run["pid"] is None


def test_an_env_file_may_be_missing_when_the_job_says_so(daemon: DaemonProcess) -> None:
    (daemon.jobs / ".good.env").write_text("# a comment\nA=1\nB='two words'\n")

    run = run_of(daemon, "env-file", 'env_file: [.good.env, "?.local.env"]\nrun: echo "$A $B"\n')

    assert daemon.lines(run["id"]) == ["1 two words"]


MARKERS = r"""
run: |
  echo "::progress 3/4 Copying users"
  echo "::progress lots"
  echo "::output size=5"
  echo "::output size=6"
  echo "::warning disk is slow"
  echo "::nonsense 1"
  echo "on stderr" >&2
  echo "total=9" >> "$ROTA_OUTPUT"
  echo "size=7" >> "$ROTA_OUTPUT"
"""


def test_markers_are_understood_and_hidden_and_malformed_ones_are_shown_with_a_warning(
    daemon: DaemonProcess,
) -> None:
    run = run_of(daemon, "markers", MARKERS)

    assert run["state"] == "completed"
    assert daemon.lines(run["id"]) == ["::progress lots", "::nonsense 1", "on stderr"]
    assert run["progress"]["text"] == "Copying users"
    assert run["result"] == {"size": "7", "total": "9"}
    assert run["warnings"] == ["line 2 is no marker that can be read: ::progress lots", "disk is slow"]


def test_progress_of_a_running_job_is_seen_at_once(daemon: DaemonProcess, tmp_path: Path) -> None:
    daemon.load(
        "progressing",
        f'run: echo "::progress 29/100 Copying"; until [ -e {tmp_path}/go ]; do sleep 0.02; done\n',
    )
    run = daemon.run("progressing")

    seen = eventually(lambda: (found := daemon.get(f"/api/v1/runs/{run}")["progress"])["current"] and found)

    assert seen == {"current": 29, "total": 100, "percent": 29, "text": "Copying"}
    (tmp_path / "go").touch()
    assert daemon.ended(run)["progress"]["percent"] == 100


def test_announced_steps_become_the_steps_of_the_run(daemon: DaemonProcess) -> None:
    text = 'run: echo "::step fetch Fetching it"; echo one; echo "::step check"; echo two; exit 4\n'

    run = run_of(daemon, "announced", text)

    steps = [(step["id"], step["title"], step["state"]) for step in run["steps"]]
    assert steps == [("fetch", "Fetching it", "completed"), ("check", "check", "failed")]


def test_a_job_that_prints_foreign_text_can_turn_markers_off(daemon: DaemonProcess) -> None:
    run = run_of(daemon, "foreign", 'markers: false\nrun: echo "::output a=1"; echo "b=2" >> $ROTA_OUTPUT\n')

    assert daemon.lines(run["id"]) == ["::output a=1"]
    assert run["result"] == {"b": "2"}


def test_steps_run_in_order_and_hand_their_outputs_on(daemon: DaemonProcess) -> None:
    text = """
steps:
  - {id: dump, run: 'echo "::output size=12"', share: 3}
  - {id: verify, exec: [printf, "%s", "{{ steps.dump.outputs.size }}"]}
  - {id: prune, run: 'echo "$STEPS_DUMP_OUTPUTS_SIZE $ROTA_STEP"; exit 5'}
  - {id: report, run: "echo never"}
"""

    run = run_of(daemon, "in-steps", text)

    assert [step["state"] for step in run["steps"]] == ["completed", "completed", "failed", "skipped"]
    assert run["steps"][3]["reason"] == "dependency"
    assert [each["step"] for each in run["attempts"]] == ["dump", "verify", "prune"]
    assert daemon.lines(run["id"], step="verify") == ["12"]
    assert daemon.lines(run["id"], step="prune") == ["12 prune"]
    assert (run["state"], run["exitCode"]) == ("failed", 5)
    assert run["progress"]["percent"] == 66  # shares of 4 out of 6


def test_bytes_that_are_no_text_and_colours_survive(daemon: DaemonProcess) -> None:
    run = run_of(daemon, "bytes", "run: printf 'a\\377\\376b\\n\\033[31mred\\033[0m\\ncr\\r\\nno end'\n")

    assert daemon.lines(run["id"]) == ["a��b", "\x1b[31mred\x1b[0m", "cr\r", "no end"]
    raw = daemon.rota("logs", run["id"]).stdout
    assert "red" in raw


def test_of_too_much_output_head_and_tail_are_kept(daemon: DaemonProcess) -> None:
    run = run_of(daemon, "chatty", "limits: {output: 64K}\nrun: seq 1 40000\n")

    assert run["state"] == "completed"
    page = daemon.get(f"/api/v1/runs/{run['id']}/log?from=0&limit=5000")
    assert [line["text"] for line in page["lines"][:3]] == ["1", "2", "3"]
    tail = daemon.get(f"/api/v1/runs/{run['id']}/log?limit=3")
    assert [line["text"] for line in tail["lines"]] == ["39998", "39999", "40000"]
    assert [line["n"] for line in tail["lines"]] == [39997, 39998, 39999]  # counted from 0


def test_ten_megabytes_of_output_are_kept_whole(daemon: DaemonProcess) -> None:
    line = "x" * 1023
    run = run_of(daemon, "large", f"run: for i in $(seq 10240); do echo {line}; done\n")

    assert run["state"] == "completed"
    tail = daemon.get(f"/api/v1/runs/{run['id']}/log?limit=1")
    assert [(each["n"], each["text"]) for each in tail["lines"]] == [(10239, line)]
    assert daemon.rota("logs", run["id"]).stdout == f"{line}\n" * 10240


def test_http_is_work_like_any_other(daemon: DaemonProcess) -> None:
    good = run_of(
        daemon, "asks", 'http: {url: "{{ rota.url }}/healthz", expect: {status: [200], contains: ok}}\n'
    )
    bad = run_of(daemon, "asks-wrongly", 'http: {url: "{{ rota.url }}/nowhere", expect: {status: [200]}}\n')

    assert good["state"] == "completed"
    assert (bad["state"], bad["reason"]) == ("failed", "exit")
    assert "404" in "\n".join(daemon.lines(bad["id"]))


@pytest.mark.parametrize(
    ("check", "code"),
    [
        ("disk: {path: /, free: 0%}", 0),
        ("disk: {path: /, free: 100%}", 1),
        ("tcp: {host: 127.0.0.1, port: PORT}", 0),
        ("tcp: {host: 127.0.0.1, port: 1}", 1),
        ("file_age: {glob: FOLDER/*.yaml, max_age: 1h}", 0),
        ("file_age: {glob: FOLDER/*.nothing, max_age: 1h}", 1),
        ("command: {exec: [sh, -c, exit 0]}", 0),
        ("command: {exec: [sh, -c, exit 5]}", 1),
        ("http: {url: URL/healthz}", 0),
        ("http: {url: URL/nowhere}", 1),
    ],
)
def test_a_check_ends_well_or_says_what_it_found(daemon: DaemonProcess, check: str, code: int) -> None:
    for word, value in (
        ("PORT", daemon.url.rpartition(":")[2]),
        ("FOLDER", daemon.jobs),
        ("URL", daemon.url),
    ):
        check = check.replace(word, str(value))
    job = f"check-{check.partition(':')[0].replace('_', '-')}-{code}"

    run = run_of(daemon, job, f"check:\n  {check}\n")

    assert (run["exitCode"], run["reason"]) == (code, "exit")
    assert daemon.lines(run["id"])


def test_all_there_is_of_a_run_is_clean_json(daemon: DaemonProcess) -> None:
    text = "run: printf '::output a=\\377\\033x\\n::warning \\200\\n::progress 1/2 \\300\\n'\n"

    run = run_of(daemon, "hostile", text)

    assert json.loads(json.dumps(run)) == run
    assert run["result"] == {"a": "�\x1bx"}
