"""Rows of facts about a job's definition and a run, for KeyValue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from shlex import join

from rota.core import retention
from rota.core.instant import to_ms
from rota.core.model import Backoff, Enforce, JobSpec, Limits, MissedPolicy, Overlap, Source
from rota.core.run import Run, RunState, Used
from rota.core.run_as import in_words, obstacle
from rota.core.seams import RunnerFacts
from rota.core.words import counted, length_in_words, schedule_in_words, size_in_words
from rota.views.ids import run_path
from rota.views.job_row import schedule_as_written
from rota.views.phases import duration_ms, signal_name, trigger_of, zone_of
from rota_catalog.tree import Node, clip

Fact = Mapping[str, object]


def key_value(id_: str, rows: Sequence[Fact]) -> Node:
    """The facts as an element."""
    text = ", ".join(f"{row['key']} {row.get('value', '')}".strip() for row in rows)
    return Node(type="KeyValue", id=id_, props={"rows": list(rows)}, text=text or "Nothing is known.")


def schedule_facts(spec: JobSpec) -> list[Fact]:
    """When it runs, and what happens when it can't."""
    rows: list[Fact] = [{"key": "Runs", "value": schedule_in_words(spec.triggers, spec.id)}]
    if spec.triggers:
        rows.append({"key": "As written", "value": schedule_as_written(spec), "copy": True})
        rows.append({"key": "Time zone", "value": zone_of(spec)})
        rows.append({"key": "Missed instants", "value": _missed(spec)})
    if spec.condition is not None:
        rows.append({"key": "Condition", "value": clip(spec.condition.text, 2000), "copy": True})
    rows.append({"key": "At once", "value": _overlap(spec)})
    rows += _room(spec)
    rows.append({"key": "Attempts", "value": _retry(spec)})
    rows.append({"key": "Time limit", "value": _limit(spec)})
    if expected := _expected(spec):
        rows.append({"key": "Expected length", "value": expected})
    return rows


def user_facts(spec: JobSpec, runner: RunnerFacts | None) -> list[Fact]:
    """As whom it runs; with why it can't, and whom it may name instead."""
    value = in_words(spec.run_as, runner)
    if not value:
        return []
    why = "" if runner is None else obstacle(spec, runner)
    if why and runner is not None and spec.run_as.user and runner.users:
        why = f"{why}; possible here: {', '.join(runner.users)}"
    return [_noted({"key": "Runs as", "value": value}, f"does not start: {why}" if why else "")]


def limit_facts(limits: Limits, unenforced: Mapping[str, str]) -> list[Fact]:
    """What an attempt may use at most; with what this host can't hold of it, and why."""
    told = {
        "memory": None if limits.memory is None else size_in_words(limits.memory),
        "cpu": None if limits.cpu is None else f"{limits.cpu}% of one CPU",
        "pids": None if limits.pids is None else counted(limits.pids, "task"),
        "nofile": None if limits.nofile is None else f"{limits.nofile} open files",
    }
    rows: list[Fact] = []
    for name, value in told.items():
        why = unenforced.get(name)
        note = "" if why is None else f"not enforced on this host: {why}"
        if note and limits.enforce is Enforce.REQUIRE:
            note = f"required, so nothing starts on this host: {why}"
        if value is not None:
            rows.append(_noted({"key": f"Limit of {name}", "value": value}, note))
    if limits.watchdog is not None:
        rows.append(
            {"key": "Watchdog", "value": f"{length_in_words(limits.watchdog)} without a sign of life"}
        )
    return rows


def definition_facts(spec: JobSpec) -> list[Fact]:
    """Whose the job is, and where it is written."""
    source = spec.source
    rows: list[Fact] = [{"key": "Owner", "value": spec.owner}] if spec.owner else []
    rows += [{"key": link.label[:100], "value": link.href, "copy": True} for link in spec.links]
    if spec.tags:
        rows.append({"key": "Tags", "value": ", ".join(spec.tags)})
    if spec.matrix:
        told = ", ".join(f"{name} = {value}" for name, value in spec.matrix.items())
        rows.append({"key": "Matrix", "value": clip(told, 2000)})
    if kept := retention.in_words(spec.retention):
        rows.append({"key": "Kept", "value": kept})
    place = f"{source.file}:{source.line}"
    rows.append(_noted({"key": "File", "value": place, "copy": True}, _commit_note(source)))
    if source.directory:
        rows.append({"key": "Directory", "value": source.directory, "copy": True})
    rows.append({"key": "Definition", "value": spec.definition.hash[:12], "copy": True})
    return rows


def run_facts(run: Run, zone: str) -> list[Fact]:
    """What started it, when, where and as what."""
    maker = run.retry_of or _only(run.upstream) or (run.series if run.parent is not None else None)
    rows: list[Fact] = [_with_link({"key": "Started by", "value": trigger_of(run)}, maker)]
    for name, at in (
        ("Scheduled for", run.scheduled_for),
        ("Asked for", run.created_at if run.scheduled_for is None else None),
        ("Started", run.started_at),
        ("Ended", run.ended_at),
    ):
        if at is not None:
            rows.append({"key": name, "at": to_ms(at), "zone": zone})
    if (took := duration_ms(run)) is not None:
        rows.append({"key": "Took", "value": took, "unit": "ms"})
    elif run.started_at is not None and run.state is RunState.RUNNING:
        rows.append({"key": "Running for", "since": to_ms(run.started_at)})
    if run.attempt and (run.attempts or run.children is None):
        rows.append({"key": "Attempt", "value": f"{run.attempt} of {max(run.attempt, run.max_attempts)}"})
    if run.count > 1:
        rows.append({"key": "Due instants", "value": run.count, "note": "skipped in a row"})
    return rows + _process_facts(run)


def value_facts(values: Mapping[str, object]) -> list[Fact]:
    """Parameters or outputs by name."""
    rows: list[Fact] = [
        {"key": key[:100], "value": clip(_as_text(value), 2000)} for key, value in values.items()
    ]
    return rows[:60]


def _process_facts(run: Run) -> list[Fact]:
    attempt = run.current_attempt
    rows: list[Fact] = []
    if run.exit_code is not None and (attempt is None or attempt.state.is_final):
        rows.append({"key": "Exit code", "value": run.exit_code})
    elif attempt is not None and attempt.signal:
        rows.append({"key": "Ended by", "value": signal_name(attempt.signal)})
    if attempt is not None:
        if attempt.timeout_at is not None and not attempt.state.is_final:
            rows.append({"key": "Time limit", "at": to_ms(attempt.timeout_at)})
        pid = None if attempt.pid is None else str(attempt.pid)  # a name, not a quantity
        rows.append({"key": "Process", "value": pid, "note": f"user {attempt.user}" if attempt.user else ""})
        rows.append({"key": "Command", "value": clip(join(attempt.argv), 2000) or None, "copy": True})
        rows.append({"key": "Directory", "value": attempt.cwd or None, "copy": True})
        rows += _used(attempt.used)
    if run.host:
        rows.append({"key": "Host", "value": run.host})
    if run.source_file:
        place = f"{run.source_file}:{run.source_line}"
        rows.append(_noted({"key": "File", "value": place, "copy": True}, _commit_note(run)))
    rows.append({"key": "Definition", "value": run.definition[:12] or None, "copy": True})
    return [{name: value for name, value in row.items() if value != "" or name == "value"} for row in rows]


def _used(used: Used | None) -> list[Fact]:
    if used is None:
        return []
    rows: list[Fact] = [{"key": "CPU time", "value": used.cpu_ms, "unit": "ms"}]
    if used.peak_bytes:
        rows.append({"key": "Memory at most", "value": used.peak_bytes, "unit": "bytes"})
    moved = (("Read from disk", used.read_bytes), ("Written to disk", used.written_bytes))
    rows += [{"key": name, "value": size, "unit": "bytes"} for name, size in moved if size]
    return [*rows, {"key": "Context switches", "value": used.switches}]


def _noted(row: dict[str, object], note: str) -> Fact:
    return row | ({"note": note} if note else {})


def _commit_note(of: Source | Run) -> str:
    """`at 1a2b3c4, with local changes`; empty outside git."""
    if not of.commit:
        return ""
    return f"at {of.commit[:7]}" + (", with local changes" if of.dirty else "")


def _only(ids: Sequence[str]) -> str | None:
    return ids[0] if len(ids) == 1 else None


def _with_link(row: dict[str, object], run: str | None) -> Fact:
    return row | ({"href": run_path(run)} if run else {})


def _missed(spec: JobSpec) -> str:
    within = length_in_words(spec.missed.within)
    if spec.missed.run is MissedPolicy.SKIP:
        return "are skipped"
    which = "the latest one is caught up" if spec.missed.run is MissedPolicy.LATEST else "all are caught up"
    return f"{which}, up to {within} old"


def _overlap(spec: JobSpec) -> str:
    limit = "one run" if spec.concurrency.max == 1 else f"{spec.concurrency.max} runs"
    if spec.concurrency.overlap is Overlap.QUEUE:
        return f"{limit}; up to {spec.concurrency.queue} wait in a queue"
    if spec.concurrency.overlap is Overlap.REPLACE:
        return f"{limit}; what comes meanwhile ends the oldest and takes its place"
    return f"{limit}; what comes meanwhile is skipped"


def _room(spec: JobSpec) -> list[Fact]:
    limits, rows = spec.concurrency, list[Fact]()
    if limits.pool is not None:
        places = f"{counted(limits.weight, 'place')} of it"
        rows.append({"key": "Pool", "value": f"{limits.pool}, {places}"})
    if limits.lock is not None:
        rows.append(
            {"key": "Lock", "value": limits.lock, "note": "one run at a time of all jobs that name it"}
        )
    if limits.priority:
        rows.append({"key": "Priority", "value": limits.priority})
    return rows


def _expected(spec: JobSpec) -> str:
    parts = (("at least", spec.expect.shortest), ("at most", spec.expect.longest))
    return ", ".join(f"{words} {length_in_words(length)}" for words, length in parts if length is not None)


def _retry(spec: JobSpec) -> str:
    retry = spec.retry
    if retry.attempts == 1:
        return "one, no retry"
    delay = length_in_words(retry.delay)
    if retry.backoff is Backoff.FIXED:
        return f"{retry.attempts}, {delay} apart"
    return (
        f"{retry.attempts}, {retry.backoff.value} backoff from {delay} to {length_in_words(retry.max_delay)}"
    )


def _limit(spec: JobSpec) -> str:
    if spec.limits.timeout is None:
        return "none"
    grace = length_in_words(spec.limits.grace)
    return f"{length_in_words(spec.limits.timeout)}, then {grace} to stop"


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
