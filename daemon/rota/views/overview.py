"""The overview: can the page be trusted, what is wrong, what runs, what is next, and every job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rota.core.board import Board
from rota.core.run import Run
from rota.views import attention
from rota.views.attention import Trouble
from rota.views.ids import job_element, overview_path
from rota.views.job_row import job_row
from rota.views.memory import Memory
from rota.views.overview_sections import drain, health, held, needs_attention, now_and_next
from rota.views.room import room_section
from rota_catalog.tree import Document, Element, Elements, Node, flatten

Report = Callable[[str, Exception], None]  # a job whose row could not be made

ROWS = 200

_TOLD = ("failed", "missed", "running", "retrying", "paused")  # phases that the table's heading counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which part of the table is wanted; `state` is a job's phase, `q` a text in id, title, owner or tags."""

    page: int = 1
    state: str = ""
    q: str = ""

    @property
    def is_active(self) -> bool:
        return bool(self.state or self.q)


class Overview:
    """Keeps rows between two pages; `touch` it for every job that changed."""

    def __init__(self, board: Board, report: Report = lambda job, error: None) -> None:
        self._board = board
        self._report = report
        self._memory = Memory(board)
        self._rows: dict[str, Elements] = {}
        self._last_words: dict[str, Sequence[str]] = {}
        self.reload()

    def reload(self) -> None:
        """Another set of jobs is in force."""
        self._memory.reload()

    def touch(self, job: str) -> None:
        """Something about that job changed."""
        self._memory.touch(job)

    def unexplained(self) -> list[Run]:
        """Runs whose failure is shown, and whose last words nobody has told yet."""
        self._settle()
        runs = [
            self._board.jobs[job].last
            for job, trouble in self._memory.worst_first()
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

    def _settle(self) -> None:
        for job in self._memory.settle():
            self._rows.pop(job, None)

    def _row(self, job: str, now: datetime) -> Elements:
        try:
            return flatten(job_row(self._board.jobs[job], now=now))
        except Exception as error:
            # One job that can't be shown must not take the others' page away.
            self._report(job, error)
            return {job_element(job): {"type": "Invalid", "props": {"component": "JobRow"}, "text": job}}

    def _page(self, wanted: Filter, now: datetime) -> Node:
        alerts = self._alerts()
        props: dict[str, object] = {"title": "Overview", "attention": len(alerts)}
        props["zone"] = self._board.timezone
        if self._board.host:
            props["subtitle"] = f"Jobs on {self._board.host}"
        body = [*drain(self._board), needs_attention(self._memory, alerts), *held(self._memory)]
        if len(self._memory):
            body.append(now_and_next(self._memory, now))
            body += room_section(self._board.room)
        body.append(self._jobs_section(wanted))
        return Node(
            type="Page", id="page", props=props, slots={"header": [health(self._board)]}, children=body
        )

    def _alerts(self) -> list[Node]:
        board, memory = self._board, self._memory
        return [
            *attention.health_alerts(board.health.values()),
            *(self._job_alert(job, trouble) for job, trouble in memory.worst_first()),
            *attention.file_alerts(
                [*board.problems, *board.advice], [board.jobs[job] for job in memory.stale]
            ),
        ]

    def _job_alert(self, job: str, trouble: Trouble) -> Node:
        entry = self._board.jobs[job]
        last_words = self._last_words.get(entry.last.id, ()) if entry.last else ()
        return attention.job_alert(entry, trouble, last_words)

    def _jobs_section(self, wanted: Filter) -> Node:
        children = [Node(type="JobTable", id="jobs")]  # its rows are put in place from memory
        total = self._count(wanted)
        if wanted.is_active and not total:
            hint = "No job matches; clear the filter to see all."
            empty = {"title": "Nothing matches", "hint": hint, "kind": "filtered"}
            children.append(Node(type="Empty", id="jobs.empty", props=empty, text=hint))
        if total > ROWS:
            children.append(_pager(wanted, total))
        props: dict[str, object] = {"title": "All jobs", "count": len(self._memory)}
        if told := self._told():
            props["note"] = ", ".join(told)
        return Node(type="Section", id="all", props=props, children=children)

    def _told(self) -> list[str]:
        phases = self._memory.phases
        return [f"{phases[phase]} {phase}" for phase in _TOLD if phases[phase]]

    def _table(self, wanted: Filter) -> Element:
        total = self._count(wanted)
        told = [f"{total} {'job' if total == 1 else 'jobs'}", *self._told()]
        element: Element = {"type": "JobTable", "props": {"order": "attention", "total": total}}
        if rows := self._jobs_on_page(wanted):
            element["children"] = [job_element(job) for job in rows]
        return element | {"text": ", ".join(told)}

    def _jobs_on_page(self, wanted: Filter) -> list[str]:
        first = (max(1, wanted.page) - 1) * ROWS
        if not wanted.is_active:
            return self._memory.slice_by_rank(first, ROWS)
        return self._matching(wanted)[first : first + ROWS]

    def _count(self, wanted: Filter) -> int:
        return len(self._matching(wanted)) if wanted.is_active else len(self._memory)

    def _matching(self, wanted: Filter) -> list[str]:
        return [job for job in self._memory.by_rank() if self._matches(job, wanted)]

    def _matches(self, job: str, wanted: Filter) -> bool:
        if wanted.state and self._memory.phase(job) != wanted.state:
            return False
        spec = self._board.jobs[job].spec
        q = wanted.q.lower()
        return not q or any(q in word.lower() for word in (spec.id, spec.title, spec.owner, *spec.tags))


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
