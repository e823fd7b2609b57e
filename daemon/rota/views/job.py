"""The page of one job: is it healthy over time, when does it run, what is its definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rota.core.board import BARS, JobEntry, JobState
from rota.core.instant import to_ms
from rota.core.obstacles import pause_sentence, skip_sentence
from rota.core.pauses import JOB, resume_command
from rota.core.problems import Problem
from rota.core.seams import RunnerFacts, RunPage
from rota.core.words import length_in_words
from rota.views import attention
from rota.views.attention import trouble_of
from rota.views.definition import as_yaml
from rota.views.facts import definition_facts, key_value, limit_facts, schedule_facts, user_facts
from rota.views.ids import job_element
from rota.views.job_next import next_section, why_section
from rota.views.job_row import history, next_run, own_title, run_offer
from rota.views.phases import WORDS, awaited, note_of, phase_of, zone_of
from rota.views.progress import active_run, usual_ms
from rota.views.run_form import run_form
from rota.views.run_table import run_table, total_text
from rota_catalog.tree import Action, Document, Node, clip, document

SHOWN_LINES = 24  # of a definition; a longer one is folded away at first


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """Everything the page shows; `runs` were asked for by the cursor `before`, `problems` are of its file.

    `schema` is that of job files: it gives the order of keys.
    """

    entry: JobEntry
    runs: RunPage
    problems: Sequence[Problem] = ()
    obstacles: Sequence[str] = ()  # what could stop its next run, sentences
    last_words: Sequence[str] = ()  # the end of the log of its last run, when that failed
    before: str = ""
    waits_for: str = ""  # what the first of its waiting runs waits for in line
    schema: Mapping[str, Any] = field(default_factory=dict)
    unenforced: Mapping[str, str] = field(default_factory=dict)  # limits this host can't hold, and why
    runner: RunnerFacts | None = None  # who would run it


def job_page(topic: str, view: JobView, *, now: datetime) -> Document:
    """The page as a tree."""
    entry = view.entry
    note = {"title": "History", "note": _usual(entry)}
    past = Node(type="Section", id="history", props=note, children=[history(entry, BARS, size="large")])
    # In the order of what somebody asks who was woken: what is wrong, what goes on, what comes, what was.
    body = [
        *_trouble(view),
        *_holds(entry),
        *_running(view, now),
        *next_section(entry),
        *why_section(entry, view.obstacles),
        *_run_now(entry),
        past,
        *_runs(view),
        *attention.file_warnings(view.problems),
        _definition(view),
    ]
    return document(topic, _page(entry, body, [_schedule(view), _facts(entry)]))


def _page(entry: JobEntry, body: Sequence[Node], side: Sequence[Node]) -> Node:
    spec = entry.spec
    props: dict[str, object] = {
        "title": spec.name[:200],
        "zone": zone_of(spec),
        "back": {"label": "Overview", "href": "/"},
        "attention": 0 if trouble_of(entry) is None else 1,
    }
    if spec.description:
        props["subtitle"] = clip(spec.description, 500)
    elif own_title(spec):
        props["subtitle"] = spec.id
    header: list[Node] = [_phase(entry)]
    if entry.next_due and entry.pause is None:
        header.append(next_run(entry, job_element(spec.id, "next")))
    return Node(
        type="Page",
        id="page",
        props=props,
        slots={"header": header, "side": side},
        children=body,
        actions=_actions(entry),
    )


def _phase(entry: JobEntry) -> Node:
    phase, note = phase_of(entry), note_of(entry)
    props: dict[str, object] = {"state": phase, "size": "large"}
    if note and trouble_of(entry) is None:  # else the alert below says it
        props["reason"] = clip(note, 500)
    since = entry.last.ended_at if entry.last else None
    if entry.pause is not None:
        since = entry.pause.since
    elif entry.active:
        since = entry.active[0].started_at
    if since is not None:
        props["since"] = to_ms(since)
    text = WORDS.get(phase, phase) + (f", {note}" if note else "")
    return Node(
        type="PhaseIndicator", id=job_element(entry.spec.id, "phase"), props=props, text=text.capitalize()
    )


def _actions(entry: JobEntry) -> list[Action]:
    job = entry.spec.id
    actions = [run_offer(entry)]
    expect = {"state": entry.state.value}
    if entry.skip_next is not None:
        actions.append(Action(do="job.unskip", label="Don't skip", args={"job": job, "undo": True}))
    elif not entry.pauses and (entry.next_due or awaited(entry)):
        actions.append(Action(do="job.skip", label="Skip next", args={"job": job}))
    if any(pause.scope == JOB for pause in entry.pauses):
        actions.append(Action(do="job.resume", label="Resume", args={"job": job}, expect=expect))
    elif entry.spec.triggers and not entry.pauses:  # a job by hand only has no due instants to skip
        disabled = None if entry.spec.enabled else "disabled"
        actions.append(
            Action(do="job.pause", label="Pause", args={"job": job}, expect=expect, disabled=disabled)
        )
    return actions


def _trouble(view: JobView) -> list[Node]:
    entry = view.entry
    alerts = attention.file_alerts(view.problems, [entry] if entry.stale else [])
    trouble = trouble_of(entry)
    if trouble is not None:
        alerts.insert(0, attention.job_alert(entry, trouble, view.last_words))
    if not alerts:
        return []
    props = {"title": "Needs attention", "count": len(alerts), "tone": "failed"}
    return [Node(type="Section", id="attention", props=props, children=alerts)]


def _holds(entry: JobEntry) -> list[Node]:
    found = []
    if entry.pauses:
        told = " ".join(pause_sentence(entry, pause) for pause in entry.pauses)
        ways = ", ".join(filter(None, (resume_command(pause.scope) for pause in entry.pauses)))
        told = f"Its due instants are skipped. {told}" + (f" To end it: {ways}." if ways else "")
        found.append(_banner("paused", "idle", "Paused", clip(told, 500)))
    if told := skip_sentence(entry):
        found.append(_banner("skip", "idle", "To be skipped", clip(told, 500)))
    if entry.state is JobState.DISABLED:
        told = "Its file says `enabled: false`: it has no due instants."
        found.append(_banner("disabled", "idle", "Disabled", told))
    return found


def _banner(name: str, tone: str, title: str, body: str) -> Node:
    props = {"tone": tone, "title": title, "body": body}
    return Node(type="Banner", id=f"banner.{name}", props=props, text=f"{title}: {body}")


def _running(view: JobView, now: datetime) -> list[Node]:
    entry = view.entry
    bars = [
        active_run(job_element(entry.spec.id, "run", str(run.number)), run, entry, now=now, label=run.id)
        for run in entry.active
    ]
    waiting = entry.queued
    if waiting:
        told = f"{len(waiting)} waiting: {', '.join(run.id for run in waiting[:5])}"
        told += f"; the first {view.waits_for}" if view.waits_for else ""
        bars.append(Node(type="Text", id="queued", props={"value": told}, text=told))
    if not bars:
        return []
    return [
        Node(
            type="Section",
            id="running",
            props={"title": "Running", "count": len(entry.active)} if entry.active else {"title": "Waiting"},
            children=bars,
        )
    ]


def _schedule(view: JobView) -> Node:
    spec = view.entry.spec
    rows = [*schedule_facts(spec), *user_facts(spec, view.runner)]
    rows += limit_facts(spec.limits, view.unenforced)
    facts = key_value("schedule.facts", rows)
    return Node(type="Section", id="schedule", props={"title": "Schedule"}, children=[facts])


def _usual(entry: JobEntry) -> str:
    usual = usual_ms(entry)
    if usual is None:
        return "too few runs to know its usual length"
    if usual < 100:
        return "usually under 0.1 s"
    return f"usually {length_in_words(timedelta(milliseconds=_rounded(usual)))}"


def _rounded(ms: int) -> int:
    """To what a person would say: tenths below 10 s, seconds above."""
    return round(ms, -2) if ms < 10_000 else round(ms, -3)


def _run_now(entry: JobEntry) -> list[Node]:
    if not entry.spec.params:
        return []
    return [Node(type="Section", id="run-now", props={"title": "Run now"}, children=[run_form(entry)])]


def _runs(view: JobView) -> list[Node]:
    spec, runs = view.entry.spec, view.runs
    if not runs.total:
        return []  # the history says so
    table = run_table(spec.id, runs, before=view.before, zone=zone_of(spec))
    count = {"note": total_text(runs)} if runs.total_is_capped else {"count": runs.total}
    props = {"title": "Runs", **count}
    return [Node(type="Section", id="runs", props=props, children=[table])]


def _definition(view: JobView) -> Node:
    spec = view.entry.spec
    text = as_yaml(spec.definition.text, view.schema)
    props = {"value": clip(text, 8000), "mono": True}
    shown = Node(type="Text", id="definition.text", props=props, text=f"Definition of {spec.id}")
    is_long = text.count("\n") > SHOWN_LINES
    head = {"title": "Definition", "note": f"{spec.source.file}:{spec.source.line}", "collapsed": is_long}
    return Node(type="Section", id="definition", props=head, children=[shown])


def _facts(entry: JobEntry) -> Node:
    facts = key_value("facts.list", definition_facts(entry.spec))
    return Node(type="Section", id="facts", props={"title": "Job"}, children=[facts])
