"""The overview: can the page be trusted, what is wrong, what runs, what is next, and every job.

`Overview` keeps what it needs of every job: one event costs the work of one job, however many there are.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rota.core.board import Board, HealthState, JobEntry
from rota.core.instant import to_ms
from rota.core.run import Run, RunState
from rota.core.words import instant_in_words
from rota.views import attention
from rota.views.attention import Trouble, trouble_of
from rota.views.ids import job_element, job_path, key, overview_path
from rota.views.job_row import job_row
from rota.views.phases import phase_of, zone_of
from rota.views.progress import active_run
from rota_catalog.tree import Document, Element, Elements, Node, flatten

Report = Callable[[str, Exception], None]  # a job whose row could not be made

ROWS = 200
UPCOMING = 6
RUNNING = 20

_CALM = 9  # rank of a job that needs nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which part of the table is wanted; `state` is a job's phase, `q` a text in id, title, owner or tags."""

    page: int = 1
    state: str = ""
    q: str = ""

    @property
    def is_active(self) -> bool:
        return bool(self.state or self.q)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Card:
    """What the overview remembers of one job."""

    rank: int
    phase: str
    trouble: Trouble | None
    due_at: datetime | None
    is_running: bool
    failed_at: datetime | None


class Overview:
    """The overview's memory of a board; `touch` it for every job that changed."""

    def __init__(self, board: Board, report: Report = lambda job, error: None) -> None:
        self._board = board
        self._report = report
        self._cards: dict[str, _Card] = {}
        self._order: list[tuple[int, str]] = []
        self._dues: list[tuple[datetime, str]] = []
        self._troubles: dict[str, Trouble] = {}
        self._running: dict[str, None] = {}
        self._stale_jobs: dict[str, None] = {}
        self._last_words: dict[str, Sequence[str]] = {}
        self._phases: Counter[str] = Counter()
        self._rows: dict[str, Elements] = {}
        self._touched: set[str] = set()
        self._last_failed_at: datetime | None = None
        self.reload()

    def reload(self) -> None:
        """Another set of jobs is in force."""
        self._touched.update(self._cards, self._board.jobs)

    def touch(self, job: str) -> None:
        """Something about that job changed."""
        self._touched.add(job)

    def unexplained(self) -> list[Run]:
        """Runs whose failure is shown, and whose last words nobody has told yet."""
        self._settle()
        runs = [
            self._board.jobs[job].last
            for job, trouble in self._worst_first()
            if trouble in (Trouble.FAILED, Trouble.UNKNOWN)
        ]
        shown = [run for run in runs[: attention.SHOWN] if run is not None]
        self._last_words = {run.id: self._last_words[run.id] for run in shown if run.id in self._last_words}
        return [run for run in shown if run.id not in self._last_words]

    def explain(self, run: str, last_words: Sequence[str]) -> None:
        """The end of the log of a failed run."""
        self._last_words[run] = last_words

    def document(self, topic: str, wanted: Filter, *, now: datetime) -> Document:
        """The page as a tree."""
        self._settle()
        page = self._page(wanted, now)
        elements = flatten(page)
        for job in self._jobs_on_page(wanted):
            if job not in self._rows:
                self._rows[job] = self._row(job, now)
            elements |= self._rows[job]
        elements["jobs"] = self._table(wanted)
        return Document(topic=topic, root=page.id, elements=elements)

    def _row(self, job: str, now: datetime) -> Elements:
        try:
            return flatten(job_row(self._board.jobs[job], now=now))
        except Exception as error:
            # One job that can't be shown must not take the others' page away.
            self._report(job, error)
            return {job_element(job): {"type": "Invalid", "props": {"component": "JobRow"}, "text": job}}

    # --- memory ------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        for job in self._touched:
            if job in self._cards:
                self._forget(job)
            entry = self._board.jobs.get(job)
            if entry is not None:
                self._remember(job, entry)
        self._touched.clear()

    def _remember(self, job: str, entry: JobEntry) -> None:
        card = _card(entry)
        self._cards[job] = card
        insort(self._order, (card.rank, job))
        self._phases[card.phase] += 1
        if card.due_at is not None:
            insort(self._dues, (card.due_at, job))
        if card.trouble is not None:
            self._troubles[job] = card.trouble
        if card.is_running:
            self._running[job] = None
        if entry.stale:
            self._stale_jobs[job] = None
        if card.failed_at is not None:
            self._last_failed_at = max(card.failed_at, self._last_failed_at or card.failed_at)

    def _forget(self, job: str) -> None:
        card = self._cards.pop(job)
        self._rows.pop(job, None)
        _remove(self._order, (card.rank, job))
        self._phases[card.phase] -= 1
        if card.due_at is not None:
            _remove(self._dues, (card.due_at, job))
        self._troubles.pop(job, None)
        self._running.pop(job, None)
        self._stale_jobs.pop(job, None)

    # --- the page ----------------------------------------------------------------------------------------

    def _page(self, wanted: Filter, now: datetime) -> Node:
        alerts = self._alerts()
        now_and_next = [*self._running_section(now), *self._upcoming()]
        body: list[Node] = [self._attention(alerts)]
        if now_and_next:
            body.append(
                Node(type="Stack", id="now", props={"dir": "row", "gap": "large"}, children=now_and_next)
            )
        body.append(self._jobs_section(wanted))
        props: dict[str, object] = {"title": "Overview", "attention": len(alerts)}
        if self._board.host:
            props["subtitle"] = f"Jobs on {self._board.host}"
        return Node(
            type="Page", id="page", props=props, slots={"header": [_health(self._board)]}, children=body
        )

    def _alerts(self) -> list[Node]:
        board = self._board
        return [
            *attention.health_alerts(board.health.values()),
            *(self._job_alert(job, trouble) for job, trouble in self._worst_first()),
            *attention.file_alerts(board.problems, self._stale()),
        ]

    def _worst_first(self) -> list[tuple[str, Trouble]]:
        return sorted(self._troubles.items(), key=lambda item: (item[1], item[0]))

    def _job_alert(self, job: str, trouble: Trouble) -> Node:
        entry = self._board.jobs[job]
        last_words = self._last_words.get(entry.last.id, ()) if entry.last else ()
        return attention.job_alert(entry, trouble, last_words)

    def _stale(self) -> list[JobEntry]:
        return [self._board.jobs[job] for job in self._stale_jobs]

    def _attention(self, alerts: Sequence[Node]) -> Node:
        if not alerts:
            return Node(
                type="Section",
                id="attention",
                props={"title": "Needs attention"},
                children=[self._all_fine()],
            )
        shown = list(alerts[: attention.SHOWN])
        if len(alerts) > len(shown):
            more = f"And {len(alerts) - len(shown)} more; filter the table below by state."
            shown.append(Node(type="Text", id="attention.more", props={"value": more}, text=more))
        props = {"title": "Needs attention", "count": len(alerts), "tone": "failed"}
        return Node(type="Section", id="attention", props=props, children=shown)

    def _all_fine(self) -> Node:
        count = len(self._cards)
        if not count:
            hint = "Put a YAML file into the job directory; it appears here by itself."
            return Node(
                type="Empty",
                id="fine",
                props={"title": "No jobs yet", "hint": hint, "kind": "none"},
                text=hint,
            )
        label = "The only job is fine" if count == 1 else f"All {count} jobs fine"
        at = self._last_failed_at
        reason = "no failure on record" if at is None else f"last failure {instant_in_words(_minute(at))}"
        props = {"state": "completed", "label": label, "reason": reason}
        return Node(type="PhaseIndicator", id="fine", props=props, text=f"{label}, {reason}.")

    def _running_section(self, now: datetime) -> list[Node]:
        bars = []
        for job in self._running:
            entry = self._board.jobs[job]
            for run in entry.active:
                id_ = f"running.{key(job)}.{run.number}"
                bars.append(active_run(id_, run, entry, now=now, label=entry.spec.name))
        props = {"title": "Running", "count": len(bars)}
        return [Node(type="Section", id="running", props=props, children=bars[:RUNNING])] if bars else []

    def _upcoming(self) -> list[Node]:
        items = [self._upcoming_item(job, at) for at, job in self._dues[:UPCOMING]]
        if not items:
            return []
        text = f"Next: {items[0]['job']}" + (f" and {len(items) - 1} more" if len(items) > 1 else "")
        upcoming = Node(type="UpcomingList", id="upcoming.list", props={"items": items}, text=text)
        return [Node(type="Section", id="upcoming", props={"title": "Next"}, children=[upcoming])]

    def _upcoming_item(self, job: str, at: datetime) -> Mapping[str, object]:
        entry = self._board.jobs[job]
        item: dict[str, object] = {
            "job": job,
            "at": to_ms(at),
            "href": job_path(job),
            "zone": zone_of(entry.spec),
        }
        if entry.spec.title:
            item["label"] = entry.spec.title[:200]
        if note := entry.next_due[0].note:
            item["note"] = note[:300]
        return item

    # --- the table ---------------------------------------------------------------------------------------

    def _jobs_section(self, wanted: Filter) -> Node:
        children = [Node(type="JobTable", id="jobs")]  # its rows are put in place from memory
        total = self._count(wanted)
        if wanted.is_active and not total:
            hint = "No job matches; clear the filter to see all."
            props = {"title": "Nothing matches", "hint": hint, "kind": "filtered"}
            children.append(Node(type="Empty", id="jobs.empty", props=props, text=hint))
        if total > ROWS:
            children.append(_pager(wanted, total))
        return Node(
            type="Section",
            id="all",
            props={"title": "All jobs", "count": len(self._cards)},
            children=children,
        )

    def _table(self, wanted: Filter) -> Element:
        total = self._count(wanted)
        told = [f"{total} {'job' if total == 1 else 'jobs'}"]
        told += [
            f"{self._phases[phase]} {phase}"
            for phase in ("failed", "missed", "running")
            if self._phases[phase]
        ]
        element: Element = {"type": "JobTable", "props": {"order": "attention", "total": total}}
        if rows := self._jobs_on_page(wanted):
            element["children"] = [f"job.{key(job)}" for job in rows]
        return element | {"text": ", ".join(told)}

    def _jobs_on_page(self, wanted: Filter) -> list[str]:
        first = (max(1, wanted.page) - 1) * ROWS
        if not wanted.is_active:
            return [job for _, job in self._order[first : first + ROWS]]
        return self._matching(wanted)[first : first + ROWS]

    def _count(self, wanted: Filter) -> int:
        return len(self._matching(wanted)) if wanted.is_active else len(self._cards)

    def _matching(self, wanted: Filter) -> list[str]:
        return [job for _, job in self._order if self._matches(job, wanted)]

    def _matches(self, job: str, wanted: Filter) -> bool:
        if wanted.state and self._cards[job].phase != wanted.state:
            return False
        spec = self._board.jobs[job].spec
        q = wanted.q.lower()
        return not q or any(q in word.lower() for word in (spec.id, spec.title, spec.owner, *spec.tags))


def _card(entry: JobEntry) -> _Card:
    trouble = trouble_of(entry)
    failures = [bar.at for bar in entry.bars if bar.state is RunState.FAILED]
    return _Card(
        rank=_CALM if trouble is None else int(trouble),
        phase=phase_of(entry),
        trouble=trouble,
        due_at=entry.next_due[0].at if entry.next_due and entry.pause is None else None,
        is_running=bool(entry.active),
        failed_at=max(failures, default=None),
    )


def _remove(items: list, item: object) -> None:  # type: ignore[type-arg]
    at = bisect_left(items, item)
    assert items[at] == item
    del items[at]


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _health(board: Board) -> Node:
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


def _pager(wanted: Filter, total: int) -> Node:
    last = (total + ROWS - 1) // ROWS
    links = []
    for name, page in (("previous", wanted.page - 1), ("next", wanted.page + 1)):
        if 1 <= page <= last:
            href = overview_path(page=str(page) if page > 1 else "", q=wanted.q, state=wanted.state)
            label = f"{name.capitalize()} {ROWS} jobs"
            props = {"label": label, "href": href, "rel": "prev" if name == "previous" else "next"}
            links.append(Node(type="Link", id=f"jobs.{name}", props=props, text=label))
    return Node(type="Stack", id="jobs.pager", props={"dir": "row"}, children=links)
