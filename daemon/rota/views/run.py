"""The page of one run: what is it doing, or why did it fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rota.core.attempt_life import waits_to_try
from rota.core.board import JobEntry
from rota.core.expect import overdue_message, overdue_since
from rota.core.instant import to_ms
from rota.core.log_page import LogPage
from rota.core.model import CONDITION, ITEMS, Expect
from rota.core.run import Attempt, Run, RunState
from rota.views.attention import failure
from rota.views.children import ChildrenView, children_section, items_facts
from rota.views.facts import key_value, run_facts, value_facts
from rota.views.ids import job_path, key, run_path
from rota.views.job_row import own_title
from rota.views.log import last_words, log_tail
from rota.views.phases import WORDS, phase_of_run, zone_of
from rota.views.progress import progress_bar
from rota.views.run_table import attempt_table
from rota.views.steps import Usual, step_list
from rota_catalog.tree import Action, Document, Node, clip, document

_SIDE_STEPS = {CONDITION: "of the condition", ITEMS: "of the search for items"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """Everything the page shows. `log` is the log of `attempt`; `previous` and `next` are run ids."""

    run: Run
    entry: JobEntry | None
    attempt: Attempt | None
    log: LogPage | None
    previous: str | None = None
    next: str | None = None
    waits_for: str = ""  # what it waits for in line, as it is now
    usual: Usual = field(default_factory=dict)  # how long its steps usually take
    children: ChildrenView | None = None  # of a batch


def run_page(topic: str, view: RunView, *, now: datetime) -> Document:
    """The page as a tree."""
    run = view.run
    zone = _zone(view)
    body = [
        *_cause(view),
        *_warnings(run),
        *_overdue(view, now),
        *_now(view, now),
        *_steps(view),
        *_children(view, zone),
        *_log(view),
        *_attempts(view),
        *_neighbours(view),
    ]
    side = [
        *_items(run),
        *_values("result", "Outputs", run.result),
        *_values("params", "Parameters", run.params),
        _section("details", "Details", [key_value("details.facts", run_facts(run, zone))]),
    ]
    name = view.entry.spec.name if view.entry else run.job
    props = {
        "title": run.id,
        "subtitle": own_title(view.entry.spec)[:200] if view.entry else "",
        "zone": zone,
        "back": _back(run, name),
        "attention": int(run.state is RunState.FAILED),
    }
    if not props["subtitle"]:
        del props["subtitle"]
    page = Node(
        type="Page",
        id="page",
        props=props,
        slots={"header": [_phase(view)], "side": side},
        children=body,
        actions=_actions(run),
    )
    return document(topic, page)


def _back(run: Run, name: str) -> Mapping[str, str]:
    if run.parent is not None:
        return {"label": run.series, "href": run_path(run.series)}
    return {"label": name[:200], "href": job_path(run.job)}


def _phase(view: RunView) -> Node:
    run = view.run
    phase = phase_of_run(run)
    since = run.ended_at or (run.started_at if run.state is RunState.RUNNING else None)
    props: dict[str, object] = {"state": phase, "size": "large"}
    if since is not None:
        props["since"] = to_ms(since)
    reason = run.message
    if run.is_queued:
        reason = view.waits_for or reason or "waits for its turn"
    if run.cancel_requested_at is not None and not run.state.is_final:
        reason = "asked to stop" if run.replaced_by is None else f"{run.replaced_by} takes its place"
    if reason and run.state is not RunState.FAILED:  # else the alert below says it
        props["reason"] = clip(reason, 500)
    text = WORDS.get(phase, phase).capitalize() + (f", {reason}" if reason else "")
    return Node(type="PhaseIndicator", id="phase", props=props, text=text)


def _actions(run: Run) -> list[Action]:
    args, expect = {"run": run.id}, {"state": run.state.value}
    cancel_off = "not_active" if run.state.is_final else None
    if cancel_off is None and run.cancel_requested_at is not None:
        cancel_off = "already_requested"
    can_retry = waits_to_try(run) or run.state in (RunState.FAILED, RunState.CANCELLED)
    label = "Retry now" if waits_to_try(run) else "Retry"
    retry_off = None if can_retry else ("active" if run.state is RunState.RUNNING else "not_retryable")
    if can_retry and run.parent is not None and not waits_to_try(run):
        retry_off = "child"
    return [
        Action(do="run.retry", label=label, args=args, expect=expect, disabled=retry_off),
        Action(do="run.cancel", label="Cancel", args=args, expect=expect, disabled=cancel_off),
    ]


def _cause(view: RunView) -> list[Node]:
    run = view.run
    if run.state is not RunState.FAILED:
        return []
    alert = failure("cause", run.id, run, last_words(view.log), log_href=f"{run_path(run.id)}#h-log")
    # The page's own buttons offer Retry already.
    cause = Node(type=alert.type, id=alert.id, props=alert.props, text=alert.text)
    return [_section("attention", "What went wrong", [cause])]


def _warnings(run: Run) -> list[Node]:
    return [
        Node(
            type="Banner",
            id=f"warning.{n}",
            props={"tone": "warn", "title": "Warning", "body": clip(text, 2000)},
            text=f"Warning: {text}",
        )
        for n, text in enumerate(run.warnings[:10])
    ]


def _overdue(view: RunView, now: datetime) -> list[Node]:
    expect = Expect() if view.entry is None else view.entry.spec.expect
    since = overdue_since(expect, view.run)
    if since is None or now < since:
        return []
    props = {"tone": "warn", "title": "Longer than usual", "body": overdue_message(expect)}
    return [Node(type="Banner", id="overdue", props=props, text=overdue_message(expect))]


def _now(view: RunView, now: datetime) -> list[Node]:
    run = view.run
    shown = []
    if run.state is RunState.RUNNING:
        shown.append(progress_bar("progress", run, view.entry, now=now, label="Progress"))
    if run.state is RunState.RETRYING and run.next_attempt_at is not None:
        label = f"Attempt {run.attempt + 1} of {run.max_attempts}"
        props = {"at": to_ms(run.next_attempt_at), "label": label}
        shown.append(Node(type="NextRunCountdown", id="next-attempt", props=props, text=label))
    return shown


def _steps(view: RunView) -> list[Node]:
    run = view.run
    if not run.steps:
        return []
    shown = None if view.attempt is None else view.attempt.step
    steps = step_list(run, view.usual, shown=shown, zone=_zone(view))
    return [_section("steps", "Steps", [steps], count=len(run.steps))]


def _zone(view: RunView) -> str:
    return zone_of(view.entry.spec) if view.entry else "UTC"


def _children(view: RunView, zone: str) -> list[Node]:
    section = None if view.children is None else children_section(view.run, view.children, zone)
    return [] if section is None else [section]


def _items(run: Run) -> list[Node]:
    if run.parent is None:
        return []
    return [_section("items", "Items", [key_value("items.facts", items_facts(run))])]


def _log(view: RunView) -> list[Node]:
    run = view.run
    if view.attempt is None or view.log is None:
        if run.state is RunState.SKIPPED or run.children is not None:
            return []  # the logs of a batch that lists its items are those of its children
        hint = "Nothing was started." if run.state.is_final else "It has not started yet."
        empty = Node(
            type="Empty", id="log.empty", props={"title": "No log", "hint": hint, "kind": "none"}, text=hint
        )
        return [_section("log", "Log", [empty])]
    children = [log_tail(run, view.attempt, view.log)]
    if run.current_attempt is not None and run.current_attempt.id != view.attempt.id:
        label = "Back to the newest log"
        props = {"label": label, "href": f"{run_path(run.id)}#h-log"}
        children.insert(0, Node(type="Link", id="log.newest", props=props, text=label))
    return [_section("log", "Log", children, note=_whose_log(run, view.attempt))]


def _whose_log(run: Run, attempt: Attempt) -> str:
    step = next((step for step in run.steps if step.key == attempt.step), None)
    words = [step.title or step.key] if step is not None else []
    if attempt.step in _SIDE_STEPS:
        words.append(_SIDE_STEPS[attempt.step])
    if attempt.n > 1 or any(other.step == attempt.step and other.n > 1 for other in run.attempts):
        words.append(f"attempt {attempt.n}")
    return ", ".join(words)


def _attempts(view: RunView) -> list[Node]:
    attempts = view.run.attempts
    asked = len(attempts) > 1 and attempts[0].step == CONDITION
    if all(attempt.n == 1 for attempt in attempts) and not asked:
        return []  # the list of steps says it all
    return [
        _section(
            "attempts", "Attempts", [attempt_table(view.run, attempts, view.attempt)], count=len(attempts)
        )
    ]


def _values(name: str, title: str, values: Mapping[str, object]) -> list[Node]:
    if not values:
        return []
    return [_section(name, title, [key_value(f"{name}.facts", value_facts(values))])]


def _neighbours(view: RunView) -> list[Node]:
    links = []
    for name, run, rel in (("Older run", view.previous, "prev"), ("Newer run", view.next, "next")):
        if run is not None:
            props = {"label": f"{name} {run}", "href": run_path(run), "rel": rel}
            links.append(Node(type="Link", id=f"link.{rel}", props=props, text=f"{name} {run}"))
    return [Node(type="Stack", id="neighbours", props={"dir": "row"}, children=links)] if links else []


def _section(
    name: str, title: str, children: Sequence[Node], *, note: str = "", count: int | None = None
) -> Node:
    props: dict[str, object] = {"title": title}
    if note:
        props["note"] = note[:300]
    if count is not None:
        props["count"] = count
    return Node(type="Section", id=key(name), props=props, children=children)
