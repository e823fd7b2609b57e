"""One job as a row of the overview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from rota.core.board import JobEntry
from rota.core.instant import to_ms
from rota.core.model import JobSpec
from rota.core.obstacles import fate_of
from rota.core.run import RunState
from rota.core.seams import RunBar
from rota.core.words import schedule_in_words, trigger_as_written
from rota.views.ids import job_element, job_path, run_path
from rota.views.phases import WORDS, due_note, duration_ms, note_of, phase_of, phase_of_run, zone_of
from rota.views.progress import progress_bar, usual_ms
from rota_catalog.tree import Action, Node

ROW_BARS = 20


def job_row(entry: JobEntry, *, now: datetime) -> Node:
    """State, name, schedule in words, history, last and next run, progress; and Run now."""
    spec = entry.spec
    slots: dict[str, Sequence[Node]] = {"history": [history(entry, ROW_BARS, size="small")]}
    if entry.next_due and entry.pause is None:
        slots["next"] = [next_run(entry, job_element(spec.id, "next"))]
    running = [run for run in entry.active if run.state is RunState.RUNNING]
    if running:
        run = running[0]
        slots["progress"] = [
            progress_bar(job_element(spec.id, "progress"), run, entry, now=now, label=run.id)
        ]
    phase, note = phase_of(entry), note_of(entry)
    return Node(
        type="JobRow",
        id=job_element(spec.id),
        props=_props(entry, phase, note),
        slots=slots,
        actions=[run_offer(entry)],
        text=f"{spec.name} {WORDS.get(phase, phase)}" + (f", {note}" if note else ""),
    )


def history(entry: JobEntry, count: int, *, size: str) -> Node:
    """The last runs as bars, oldest first."""
    bars = [bar for bar in entry.bars if bar.number][-count:]
    job = entry.spec.id
    props: dict[str, object] = {"runs": [_bar(job, bar) for bar in bars], "size": size}
    if (usual := usual_ms(entry)) is not None:
        props["p50Ms"] = usual
    return Node(type="RunHistory", id=job_element(job, "history"), props=props, text=_history_text(bars))


def next_run(entry: JobEntry, id_: str) -> Node:
    """The countdown to the next due instant that is not to be skipped, if there is one."""
    due = next((due for due in entry.next_due if not fate_of(entry, due)), entry.next_due[0])
    zone = zone_of(entry.spec)
    at = due.starts_at
    props: dict[str, object] = {"at": to_ms(at), "label": "Next run", "zone": zone}
    if note := due_note(due, zone):
        props["note"] = note[:300]
    return Node(type="NextRunCountdown", id=id_, props=props, text=f"Next run at {at:%Y-%m-%d %H:%M} UTC")


def run_action(entry: JobEntry) -> Action:
    """Run now, or why not."""
    last = entry.last.id if entry.last else None
    spec = entry.spec
    disabled = None if spec.enabled else "disabled"
    if disabled is None and len(entry.active) >= spec.concurrency.max:
        disabled = "running"
    return Action(
        do="job.run", label="Run now", args={"job": spec.id}, expect={"lastRun": last}, disabled=disabled
    )


def run_offer(entry: JobEntry) -> Action:
    """Run now where that needs nothing more, else the way to the form of its parameters."""
    action = run_action(entry)
    if not entry.spec.params:
        return action
    return Action(do="job.fill_in", label="Run…", args=action.args, disabled=action.disabled)


def own_title(spec: JobSpec) -> str:
    """The title where it says more than the id; "" for `Disk space` of `disk-space`."""
    return "" if _bare(spec.title) == _bare(spec.id) else spec.title


def schedule_as_written(spec: JobSpec) -> str:
    """The triggers as the job file has them."""
    return "; ".join(trigger_as_written(trigger) for trigger in spec.triggers)


def _bare(words: str) -> str:
    return words.lower().replace("-", " ").strip()


def _props(entry: JobEntry, phase: str, note: str) -> Mapping[str, object]:
    spec = entry.spec
    props: dict[str, object] = {
        "name": spec.id,
        "state": phase,
        "href": job_path(spec.id),
        "schedule": schedule_in_words(spec.triggers, spec.id)[:300],
        "enabled": spec.enabled,
    }
    if title := own_title(spec):
        props["title"] = title[:200]
    if spec.triggers:
        props |= {"expression": schedule_as_written(spec)[:300], "zone": zone_of(spec)}
    if spec.tags:
        props["tags"] = [tag[:60] for tag in spec.tags[:20]]
    if spec.owner:
        props["owner"] = spec.owner[:200]
    if note:
        props["note"] = note[:500]
    return {**props, **_last(entry)}


def _last(entry: JobEntry) -> Mapping[str, object]:
    run = entry.last
    if run is None:
        return {}
    last: dict[str, object] = {"state": phase_of_run(run), "href": run_path(run.id)}
    last["at"] = to_ms(run.started_at or run.created_at)
    if (took := duration_ms(run)) is not None:
        last["durationMs"] = took
    return {"last": last}


def _bar(job: str, bar: RunBar) -> Mapping[str, object]:
    run = f"{job}.{bar.number}"
    return {
        "id": run,
        "state": phase_of_run(bar),
        "startedAt": to_ms(bar.at),
        "durationMs": bar.duration_ms,
        "href": run_path(run),
    }


def _history_text(bars: Sequence[RunBar]) -> str:
    if not bars:
        return "No runs yet."
    counts: dict[str, int] = {}
    for bar in bars:
        counts[bar.state.value] = counts.get(bar.state.value, 0) + 1
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"{len(bars)} {'run' if len(bars) == 1 else 'runs'}: {told}."
