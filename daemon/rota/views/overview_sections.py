"""The sections of the overview above the table: health, what is wrong, what runs, what is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from rota.core.board import Board, HealthState, JobEntry
from rota.core.instant import to_ms
from rota.core.pauses import resume_command, scope_in_words
from rota.core.seams import Pause
from rota.core.words import counted, instant_in_words
from rota.views import attention
from rota.views.ids import job_path, key
from rota.views.memory import Memory
from rota.views.phases import due_note, zone_of
from rota.views.progress import active_run
from rota_catalog.tree import Node, clip

UPCOMING = 5
RUNNING = 20


def health(board: Board) -> Node:
    """How the daemon's own parts are."""
    items = [
        {"key": item.key, "label": item.label, "state": item.state.value}
        | ({"note": item.note[:300]} if item.note else {})
        for item in board.health.values()
    ]
    unwell = [item for item in board.health.values() if item.state is not HealthState.OK]
    text = ". ".join(f"{item.label} {item.state.value}: {item.note}" for item in unwell)
    return Node(
        type="HealthStrip", id="health", props={"items": items}, text=text or "The scheduler is well."
    )


def needs_attention(memory: Memory, alerts: Sequence[Node]) -> Node:
    """The alerts; in words when there are none."""
    if not alerts:
        children: Sequence[Node] = [_all_fine(memory)]
        props: dict[str, object] = {"title": "Needs attention"}
        return Node(type="Section", id="attention", props=props, children=children)
    shown = list(alerts[: attention.SHOWN])
    if len(alerts) > len(shown):
        more = f"And {len(alerts) - len(shown)} more; filter the table below by state."
        shown.append(Node(type="Text", id="attention.more", props={"value": more}, text=more))
    props = {"title": "Needs attention", "count": len(alerts), "tone": "failed"}
    return Node(type="Section", id="attention", props=props, children=shown)


def drain(board: Board) -> list[Node]:
    """A banner while nothing new is started."""
    if board.draining_since is None:
        return []
    title = "Nothing new is started"
    body = (
        f"The daemon drains since {instant_in_words(_second(board.draining_since))}: what runs goes on to "
        "its end, and what is due meanwhile is owed by each job's `missed` policy. "
        "It ends when the daemon ends, or with rota drain --undo."
    )
    props: dict[str, object] = {"tone": "warn", "title": title, "body": body}
    return [Node(type="Banner", id="draining", props=props, text=f"{title}: {body}")]


def held(memory: Memory) -> list[Node]:
    """A banner for each pause of many jobs: who looks at a calm page has to know why it is calm."""
    pauses = sorted((pause for pause, count in memory.shared.items() if count), key=lambda each: each.scope)
    return [_pause(pause, memory.shared[pause]) for pause in pauses]


def now_and_next(memory: Memory, now: datetime) -> Node:
    """What runs beside what comes; both always stand there, so that nothing jumps when a short run ends."""
    sections = [_running(memory, now), _upcoming(memory)]
    return Node(type="Stack", id="now", props={"dir": "row", "gap": "large"}, children=sections)


def _pause(pause: Pause, count: int) -> Node:
    who = scope_in_words(pause.scope)
    title = f"{who[0].upper()}{who[1:]} are paused"
    until = "until it is ended" if pause.until is None else f"until {instant_in_words(_second(pause.until))}"
    note = f": {pause.note.rstrip('.')}" if pause.note else ""
    body = f"{counted(count, 'job')}, {until}{note}. To end it: {resume_command(pause.scope)}."
    props: dict[str, object] = {"tone": "idle", "title": title[:200], "body": clip(body, 500)}
    return Node(type="Banner", id=f"held.{key(pause.scope)}", props=props, text=f"{title}: {body}")


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _all_fine(memory: Memory) -> Node:
    count = len(memory)
    if not count:
        hint = "Put a YAML file into the job directory; it appears here by itself."
        props: dict[str, object] = {"title": "No jobs yet", "hint": hint, "kind": "none"}
        return Node(type="Empty", id="fine", props=props, text=hint)
    label = "The only job is fine" if count == 1 else f"All {count} jobs fine"
    at = memory.last_failed_at
    reason = "no failure on record" if at is None else f"last failure {instant_in_words(_minute(at))}"
    props = {"state": "completed", "label": label, "reason": reason}
    return Node(type="PhaseIndicator", id="fine", props=props, text=f"{label}, {reason}.")


def _running(memory: Memory, now: datetime) -> Node:
    bars = []
    for job in memory.running:
        entry = memory.board.jobs[job]
        for run in entry.active:
            id_ = f"running.{key(job)}.{run.number}"
            bars.append(active_run(id_, run, entry, now=now, label=entry.spec.name))
    props: dict[str, object] = {"title": "Running"}
    if bars:
        props["count"] = len(bars)
    return Node(
        type="Section",
        id="running",
        props=props,
        children=bars[:RUNNING] or [_nothing("running.none", "Nothing runs right now.")],
    )


def _upcoming(memory: Memory) -> Node:
    items = [_upcoming_item(memory.board.jobs[job], at) for at, job in memory.dues[:UPCOMING]]
    is_held = memory.phases["paused"] > 0
    nothing = "Every job with a due instant is paused." if is_held else "No job has a due instant."
    shown = _nothing("upcoming.none", nothing)
    if items:
        text = f"Next: {items[0]['job']}" + (f" and {len(items) - 1} more" if len(items) > 1 else "")
        shown = Node(type="UpcomingList", id="upcoming.list", props={"items": items}, text=text)
    return Node(type="Section", id="upcoming", props={"title": "Next"}, children=[shown])


def _upcoming_item(entry: JobEntry, at: datetime) -> Mapping[str, object]:
    job = entry.spec.id
    item: dict[str, object] = {
        "job": job,
        "at": to_ms(at),
        "href": job_path(job),
        "zone": zone_of(entry.spec),
    }
    if entry.spec.title:
        item["label"] = entry.spec.title[:200]
    if entry.next_run is not None and (note := due_note(entry.next_run, zone_of(entry.spec))):
        item["note"] = note[:300]
    return item


def _nothing(id_: str, text: str) -> Node:
    return Node(type="Text", id=id_, props={"value": text, "size": "small"}, text=text)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
