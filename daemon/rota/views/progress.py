"""Progress bars with an honest ETA."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from statistics import median

from rota.core.board import JobEntry
from rota.core.eta import SAMPLES_NEEDED, SAMPLES_USED, EtaKind, completed_durations, estimate
from rota.core.instant import length_ms, to_ms
from rota.core.model import ITEMS
from rota.core.run import Run, RunState, StepState
from rota.views.ids import run_path
from rota_catalog.tree import Node


def active_run(id_: str, run: Run, entry: JobEntry | None, *, now: datetime, label: str) -> Node:
    """The bar of a run that is running; the countdown of one that waits for its next attempt."""
    if run.state is not RunState.RETRYING or run.next_attempt_at is None:
        return progress_bar(id_, run, entry, now=now, label=label)
    attempt = f"attempt {run.attempt + 1} of {max(run.attempt + 1, run.max_attempts)}"
    props: dict[str, object] = {"at": to_ms(run.next_attempt_at), "label": f"{label}: {attempt}"}
    if run.message:
        props["note"] = run.message[:300]
    # Another kind of element than the bar: it must not have its id.
    return Node(type="NextRunCountdown", id=f"{id_}.retry", props=props, text=f"{label} waits for {attempt}")


def progress_bar(id_: str, run: Run, entry: JobEntry | None, *, now: datetime, label: str) -> Node:
    """The bar of a run that is running or waits for its next attempt."""
    fraction = run.progress.fraction
    props: dict[str, object] = {"label": label, "value": fraction, "href": run_path(run.id)}
    props["state"] = "retrying" if run.state is RunState.RETRYING else "running"
    if run.progress.total > 0 and (run.progress.total != 100 or run.children is not None):
        props |= {"current": run.progress.current, "total": run.progress.total}
    if step_text := _step_text(run):
        props["stepText"] = step_text[:300]
    if run.started_at is not None:
        props["startedAt"] = to_ms(run.started_at)
        props |= _eta(run, entry, now)
    return Node(type="ProgressBar", id=id_, props=props, text=_text(label, run, props))


def usual_ms(entry: JobEntry) -> int | None:
    """The usual length of a completed run; None when too little is known."""
    lengths = [length_ms(length) for length in completed_durations(tuple(entry.bars))[-SAMPLES_USED:]]
    return None if len(lengths) < SAMPLES_NEEDED else int(median(lengths))


def _eta(run: Run, entry: JobEntry | None, now: datetime) -> Mapping[str, object]:
    if entry is None or run.started_at is None or run.state is not RunState.RUNNING:
        return {}
    durations = completed_durations(tuple(entry.bars))
    eta = estimate(durations, started_at=run.started_at, now=now, fraction=run.progress.fraction)
    if eta.kind is EtaKind.ESTIMATING:
        return {"etaAt": None}
    usual = usual_ms(entry)
    return {
        "etaAt": to_ms(eta.ends_at if eta.ends_at is not None else now),
        **({} if usual is None else {"expectMs": usual}),
    }


def _step_text(run: Run) -> str:
    if run.children is not None:  # beside it stands how many of them have ended
        going, failed = run.children.running, run.children.failed
        return f"{going} running" + (f", {failed} failed" if failed else "")
    all_running = [step for step in run.steps if step.state is StepState.RUNNING]
    if run.current_attempt is not None and run.current_attempt.step == ITEMS:
        return "finds its items"
    if not all_running:
        return run.message if run.state is RunState.PENDING else run.progress.text
    if len(all_running) > 1:
        names = ", ".join(step.title or step.key for step in all_running[:3])
        more = f" and {len(all_running) - 3} more" if len(all_running) > 3 else ""
        return f"{len(all_running)} of {len(run.steps)} steps at once: {names}{more}"
    (running,) = all_running
    place = next(n for n, step in enumerate(run.steps, start=1) if step is running)
    said = running.progress.text or run.progress.text
    title = running.title or running.key
    name = f"step {place} of {len(run.steps)}: {title}"
    return f"{name}, {said}" if said and said != title else name


def _text(label: str, run: Run, props: Mapping[str, object]) -> str:
    parts = [f"{label} {run.state.value}"]
    if run.progress.fraction is not None:
        parts.append(f"{run.progress.percent} %")
    if "stepText" in props:
        parts.append(str(props["stepText"]))
    if "etaAt" in props and props["etaAt"] is None:
        parts.append("estimating…")
    return ", ".join(parts)
