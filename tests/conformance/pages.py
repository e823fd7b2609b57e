"""Three whole pages as an operations team would see them, built from components alone."""

from __future__ import annotations

from conformance.fixtures import NOW
from rota_catalog.tree import Action, Document, Node, document

_MINUTE = 60_000
_HOUR = 60 * _MINUTE

_JOBS = (
    ("nightly-report", "Nightly report", "failed", "daily at 02:00", "Europe/Berlin", 61_000, 16 * _HOUR),
    ("disk-space", "Disk space", "late", "every 5 minutes", "", 900, 2 * _MINUTE),
    ("log-housekeeping", "Log housekeeping", "running", "every 2 minutes", "", 31_000, 1 * _MINUTE),
    ("flaky-demo", "A job that fails two times in three", "retrying", "every 10 minutes", "", 3_100, _HOUR),
    ("health-check", "Health check", "completed", "every 5 minutes", "", 1_200, 4 * _MINUTE),
    ("heartbeat", "", "completed", "every 10 seconds", "", 40, 7_000),
    ("package-updates", "Package updates", "completed", "Mondays at 06:30", "UTC", 12_000, 90 * _HOUR),
    ("state-backup", "Backup of the ledger", "completed", "hourly at :15", "", 4_300, 15 * _MINUTE),
    ("provision-project", "Provision a project", "scheduled", "by hand", "", 0, 0),
    ("self-ping", "rota answers", "paused", "every minute", "", 120, 0),
)
_TROUBLE = {"failed": "failed", "retrying": "failed"}


def overview() -> Document:
    """Two jobs need attention, one runs, ten are there."""
    jobs = [_row(*job, n=n) for n, job in enumerate(_JOBS)]
    table = Node(
        type="JobTable", id="jobs", props={"order": "attention", "total": 10}, children=jobs,
        text="10 jobs, 1 failed, 1 late, 1 running",
    )  # fmt: skip
    return document(
        "overview",
        Node(
            type="Page",
            id="page",
            props={"title": "Overview", "zone": "UTC", "attention": 2, "subtitle": "alpha, 10 jobs"},
            slots={"header": [_health()]},
            children=[
                _section("attention", "Needs attention", [_failed(), _late()], count=2, tone="failed"),
                Node(
                    type="Stack",
                    id="now",
                    props={"dir": "row", "gap": "medium"},
                    children=[
                        _section("running", "Running", [_progress(), _estimating()], count=2),
                        _section("next", "Next", [_upcoming()]),
                    ],
                ),
                _section("all", "Jobs", [table], count=10),
            ],
        ),
    )


def job() -> Document:
    """A job that fails now and then."""
    return document(
        "job/nightly-report",
        Node(
            type="Page",
            id="page",
            props={
                "title": "Nightly report",
                "subtitle": "Collects what happened yesterday and mails it.",
                "zone": "Europe/Berlin",
                "back": {"label": "Overview", "href": "/"},
            },
            actions=[_run("nightly-report"), _action("job.pause", "Pause", job="nightly-report")],
            slots={
                "header": [
                    Node(
                        type="PhaseIndicator",
                        id="phase",
                        props={
                            "state": "failed",
                            "since": NOW - 8 * _HOUR,
                            "reason": "exit 3 in its last run",
                            "size": "large",
                        },
                        text="Failed 8 h ago",
                    )
                ],
                "side": [
                    _section("next", "Next runs", [_upcoming()]),
                    _section("about", "About", [_about()]),
                ],
            },
            children=[
                _section("history", "History", [_bars("history.bars", 60, large=True)], note="60 runs"),
                _section("runs", "Runs", [_runs()], count=91),
                _section("run", "Run now", [_form()]),
                Node(
                    type="Section",
                    id="definition",
                    props={"title": "Definition", "note": "nightly-report.yaml:1", "collapsed": False},
                    children=[_definition()],
                ),
            ],
        ),
    )


def run() -> Document:
    """A run half way."""
    return document(
        "run/provision-project.12",
        Node(
            type="Page",
            id="page",
            props={
                "title": "provision-project.12",
                "subtitle": "Provision a project",
                "back": {"label": "provision-project", "href": "/jobs/provision-project"},
            },
            actions=[_action("run.cancel", "Cancel", run="provision-project.12")],
            slots={
                "header": [
                    Node(
                        type="PhaseIndicator",
                        id="phase",
                        props={"state": "running", "since": NOW - 37_000, "size": "large"},
                        text="Running for 37 s",
                    ),
                    _progress(),
                ],
                "side": [_section("facts", "Details", [_facts()])],
            },
            children=[
                _section("steps", "Steps", [_steps()], count=8),
                _section("log", "Log", [_log()]),
            ],
        ),
    )


def _row(
    name: str, title: str, state: str, schedule: str, zone: str, ms: int, next_in: int, *, n: int
) -> Node:
    props: dict[str, object] = {"name": name, "state": state, "href": f"/jobs/{name}", "schedule": schedule}
    props |= {"title": title} if title else {}
    props |= {"zone": zone, "expression": "0 2 * * *"} if zone else {}
    props |= {"tags": ["demo", "nightly"]} if n in (0, 7) else {}
    if ms:
        ended = _TROUBLE.get(state, "completed")
        props["last"] = {
            "state": ended,
            "at": NOW - (n + 1) * 700_000,
            "durationMs": ms,
            "href": f"/runs/{name}.9",
        }
    props |= {"note": "exit 3"} if state == "failed" else {}
    slots: dict[str, list[Node]] = {"history": [_bars(f"job.{name}.history", 20)] if ms else []}
    if next_in:
        slots["next"] = [
            Node(
                type="NextRunCountdown",
                id=f"job.{name}.next",
                props={"at": NOW + next_in, "label": "Next run"},
                text="x",
            )
        ]
    if state == "running":
        slots["progress"] = [_progress(f"job.{name}.progress")]
    return Node(
        type="JobRow",
        id=f"job.{name}",
        props=props,
        slots=slots,
        actions=[_run(name)],
        text=f"{name} {state}",
    )


def _health() -> Node:
    items = [
        {"key": "planner", "label": "Scheduler", "state": "ok", "note": "tick 4 ms"},
        {"key": "runner", "label": "Runner", "state": "ok"},
        {"key": "store", "label": "Ledger", "state": "ok"},
        {"key": "disk", "label": "State disk", "state": "warn", "note": "91 % full"},
        {"key": "clock", "label": "Clock", "state": "ok"},
        {"key": "jobs", "label": "Job files", "state": "failed", "note": "1 problem"},
    ]
    return Node(
        type="HealthStrip", id="health", props={"items": items}, text="State disk warning: 91 % full."
    )


def _section(id_: str, title: str, children: list[Node], **props: object) -> Node:
    return Node(type="Section", id=id_, props={"title": title, **props}, children=children)


def _failed() -> Node:
    props = {
        "title": "nightly-report failed",
        "message": 'pg_dump: connection to server at "db1" failed: Connection refused',
        "at": NOW - 8 * _HOUR,
        "exitCode": 3,
        "attempt": 3,
        "maxAttempts": 3,
        "lastLines": ["connecting to db1", "pg_dump: error: connection refused", "is the server running?"],
        "href": "/runs/nightly-report.92",
        "logHref": "/runs/nightly-report.92",
    }
    retry = _action("run.retry", "Retry", run="nightly-report.92")
    return Node(type="ErrorAlert", id="alert.a", props=props, actions=[retry], text="nightly-report failed")


def _late() -> Node:
    props = {"title": "disk-space is late by 6 min", "message": "Waits: 16 runs are active.", "state": "late"}
    return Node(type="ErrorAlert", id="alert.b", props=props, actions=[_run("disk-space")], text="late")


def _progress(id_: str = "progress.a") -> Node:
    props = {
        "label": "log-housekeeping.40",
        "value": 0.62,
        "startedAt": NOW - 37_000,
        "etaAt": NOW + 23_000,
        "expectMs": 60_000,
        "stepText": "/var/log/journal",
        "href": "/runs/log-housekeeping.40",
    }
    return Node(type="ProgressBar", id=id_, props=props, text="62 %")


def _estimating() -> Node:
    props = {"label": "flaky-demo.7", "value": None, "startedAt": NOW - 4_000, "etaAt": None}
    return Node(type="ProgressBar", id="progress.b", props=props, text="estimating")


def _upcoming() -> Node:
    items = [
        {"job": name, "at": NOW + at, "href": f"/jobs/{name}"}
        for name, *_, at in sorted(_JOBS, key=lambda job: job[-1])
        if at
    ]
    return Node(type="UpcomingList", id="upcoming", props={"items": items[:6]}, text="6 to come")


def _bars(id_: str, count: int, *, large: bool = False) -> Node:
    states = {5: "failed", 11: "skipped", 17: "failed", 33: "cancelled", 41: "missed"}
    bars = [
        {
            "id": f"x.{n}",
            "state": states.get(n, "completed"),
            "startedAt": NOW - (count - n) * _HOUR,
            "durationMs": None if n in (11, 41) else 30_000 + 17_000 * (n * n % 7),
            "href": f"/runs/x.{n}",
        }
        for n in range(count)
    ]
    props: dict[str, object] = {"runs": bars, "p50Ms": 70_000}
    return Node(
        type="RunHistory",
        id=id_,
        props={**props, "size": "large"} if large else props,
        text=f"{count} runs, 2 failed",
    )


def _about() -> Node:
    rows = [
        {"key": "Schedule", "value": "daily at 02:00", "note": "Europe/Berlin"},
        {"key": "Cron", "value": "0 2 * * *", "copy": True},
        {"key": "Missed", "value": "the latest, within 24 h"},
        {"key": "Retry", "value": "4 attempts, exponential from 10 s"},
        {"key": "Timeout", "value": "30 min"},
        {"key": "Owner", "value": "dba@example.org"},
        {"key": "Source", "value": "nightly-report.yaml:1", "copy": True},
    ]
    return Node(type="KeyValue", id="about.rows", props={"rows": rows}, text="daily at 02:00")


def _runs() -> Node:
    rows = [
        {
            "id": f"nightly-report.{93 - n}",
            "state": ("running", "failed", "completed", "completed", "skipped", "cancelled", "completed")[n],
            "href": f"/runs/nightly-report.{93 - n}",
            "trigger": "schedule" if n else "by hand",
            "startedAt": NOW - 37_000 - n * 24 * _HOUR,
            **({"durationMs": 61_000 + n * 1_700} if n else {}),
            **({"note": "exit 3", "attempt": 3, "maxAttempts": 3} if n == 1 else {}),
            **({"note": "the run before was still going"} if n == 4 else {}),
        }
        for n in range(7)
    ]
    older = Node(
        type="Link", id="older", props={"label": "Older runs", "href": "/jobs/x?before=86"}, text="Older"
    )
    return Node(
        type="RunTable",
        id="runs.table",
        props={"rows": rows, "total": 91},
        slots={"pager": [older]},
        text="7 of 91 runs",
    )


def _form() -> Node:
    params = [
        {"name": "database", "title": "Database", "type": "string", "enum": ["app", "billing"]},
        {"name": "keep", "type": "integer", "default": 7, "minimum": 1, "description": "Dumps kept"},
        {"name": "verify", "type": "boolean", "default": True},
    ]  # fmt: skip
    return Node(
        type="RunForm", id="form", props={"job": "nightly-report", "params": params},
        actions=[_run("nightly-report")], text="Run nightly-report",
    )  # fmt: skip


def _definition() -> Node:
    value = (
        'title: Nightly report\nschedule:\n  cron: "0 2 * * *"\n  timezone: Europe/Berlin\nrun: ./report.sh\n'
    )
    return Node(type="Text", id="definition.text", props={"value": value, "mono": True}, text="definition")


def _steps() -> Node:
    names = (
        "Check the name",
        "Create the database",
        "Apply migrations",
        "Seed",
        "Storage",
        "DNS",
        "Deploy",
        "Verify",
    )
    steps = [
        {
            "key": f"s{n}",
            "name": name,
            "state": "completed" if n < 3 else "running" if n == 3 else "pending",
            **({"durationMs": 900 + n * 4_100} if n < 3 else {}),
            **(
                {"startedAt": NOW - 8_000, "expectMs": 20_000, "value": 0.4, "note": "part 2 of 5"}
                if n == 3
                else {}
            ),
        }
        for n, name in enumerate(names)
    ]
    return Node(type="StepList", id="steps.list", props={"steps": steps, "current": "s3"}, text="Step 4 of 8")


def _facts() -> Node:
    rows = [
        {"key": "Trigger", "value": "by hand"},
        {"key": "Started", "at": NOW - 37_000},
        {"key": "Running for", "since": NOW - 37_000},
        {"key": "Attempt", "value": "1 of 3"},
        {"key": "Host", "value": "alpha"},
        {"key": "Pid", "value": 4312, "copy": True},
    ]
    return Node(type="KeyValue", id="facts.rows", props={"rows": rows}, text="by hand")


def _log() -> Node:
    lines = [
        (1830 + n, text, level)
        for n, (text, level) in enumerate(
            [
                ("==> Seed", "info"),
                ("copying table users (12 480 rows)", "info"),
                ("copying table orders", "info"),
                ("orders.note is longer than 255 characters in 3 rows, cut", "warning"),
                ("copying table invoices, this one has a line that goes on and on " + "and on " * 20, "info"),
                ("1,200 lines were left out", "meta"),
                ("part 2 of 5", "info"),
            ]
        )
    ]
    entries = [
        _entry(n, text, level)
        for n, text, level in lines
    ]  # fmt: skip
    props = {
        "stream": "log/provision-project.12",
        "rawHref": "/runs/provision-project.12/log.txt",
        "total": 1837,
    }
    return Node(type="LogTail", id="log.tail", props=props, children=entries, text="Log, 1837 lines")


def _entry(n: int, text: str, level: str) -> Node:
    props = {"n": n, "at": NOW - 9_000 + n, "text": text, "level": level}
    return Node(type="LogEntry", id=f"log.{n}", props=props, text=text)


def _run(job_: str) -> Action:
    return _action("job.run", "Run now", job=job_)


def _action(do: str, label: str, **args: str) -> Action:
    return Action(do=do, label=label, args=args)
