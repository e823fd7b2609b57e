"""What the overview remembers of every job: one event costs the work of one job, however many there are."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from rota.core.board import Board, JobEntry
from rota.core.pauses import JOB
from rota.core.run import RunState
from rota.core.seams import Pause
from rota.views.attention import Trouble, trouble_of
from rota.views.phases import phase_of

_CALM = 9  # rank of a job that needs nobody


class Memory:
    """A board by rank, due instant, trouble and phase: `touch` each job that changed, then `settle`."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.dues: list[tuple[datetime, str]] = []
        self.running: dict[str, None] = {}
        self.stale: dict[str, None] = {}
        self.phases: Counter[str] = Counter()
        self.last_failed_at: datetime | None = None
        self.shared: Counter[Pause] = Counter()  # pauses of many jobs, with how many jobs they hold
        self._cards: dict[str, _Card] = {}
        self._order: list[tuple[int, str]] = []
        self._troubles: dict[str, Trouble] = {}
        self._touched: set[str] = set()

    def __len__(self) -> int:
        return len(self._cards)

    def reload(self) -> None:
        """Another set of jobs is in force."""
        self._touched.update(self._cards, self.board.jobs)

    def touch(self, job: str) -> None:
        """Something about that job changed."""
        self._touched.add(job)

    def settle(self) -> set[str]:
        """Take in what was touched; the jobs that were."""
        touched, self._touched = self._touched, set()
        for job in touched:
            if job in self._cards:
                self._forget(job)
            entry = self.board.jobs.get(job)
            if entry is not None:
                self._remember(job, entry)
        return touched

    def by_rank(self) -> list[str]:
        """Every job, those that need attention first."""
        return [job for _, job in self._order]

    def slice_by_rank(self, first: int, count: int) -> list[str]:
        return [job for _, job in self._order[first : first + count]]

    def worst_first(self) -> list[tuple[str, Trouble]]:
        """The jobs in trouble."""
        return sorted(self._troubles.items(), key=lambda item: (item[1], item[0]))

    def phase(self, job: str) -> str:
        return self._cards[job].phase

    def _remember(self, job: str, entry: JobEntry) -> None:
        card = _card(entry)
        self._cards[job] = card
        insort(self._order, (card.rank, job))
        self.phases[card.phase] += 1
        self.shared.update(card.shared)
        if card.due_at is not None:
            insort(self.dues, (card.due_at, job))
        if card.trouble is not None:
            self._troubles[job] = card.trouble
        if card.is_running:
            self.running[job] = None
        if entry.stale:
            self.stale[job] = None
        if card.failed_at is not None:
            self.last_failed_at = max(card.failed_at, self.last_failed_at or card.failed_at)

    def _forget(self, job: str) -> None:
        card = self._cards.pop(job)
        _remove(self._order, (card.rank, job))
        self.phases[card.phase] -= 1
        self.shared.subtract(card.shared)
        if card.due_at is not None:
            _remove(self.dues, (card.due_at, job))
        self._troubles.pop(job, None)
        self.running.pop(job, None)
        self.stale.pop(job, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Card:
    """One job."""

    rank: int
    phase: str
    shared: tuple[Pause, ...]
    trouble: Trouble | None
    due_at: datetime | None
    is_running: bool
    failed_at: datetime | None


def _card(entry: JobEntry) -> _Card:
    trouble = trouble_of(entry)
    failures = [bar.at for bar in entry.bars if bar.state is RunState.FAILED]
    return _Card(
        rank=_CALM if trouble is None else int(trouble),
        phase=phase_of(entry),
        shared=tuple(pause for pause in entry.pauses if pause.scope != JOB),
        trouble=trouble,
        due_at=entry.next_run.starts_at if entry.next_run is not None and entry.pause is None else None,
        is_running=bool(entry.active),
        failed_at=max(failures, default=None),
    )


def _remove(items: list, item: object) -> None:  # type: ignore[type-arg]
    at = bisect_left(items, item)
    assert items[at] == item
    del items[at]
