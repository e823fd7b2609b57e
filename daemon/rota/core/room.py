"""Who has room to run: the places of pools, locks, and `max_running`, over all jobs.

A run that may start by its own job asks here. Whoever finds no room waits in line: highest priority first,
then first come, first served. Pure and in memory; after a start the engine fills it from the ledger.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

from rota.core.instant import to_ms
from rota.core.model import Concurrency, JobSpec
from rota.core.run import Run, RunState

_NAMED = 3  # runs that a message names before it says how many more there are

Rank = tuple[int, int, str, int, int]
_Need = tuple[str | None, str | None]  # (pool, None) or (None, lock)
_Lane = tuple[str | None, str | None, bool]  # pool, lock, and whether they count for `max_running`


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one run takes while it runs; `since`: from when on it waits, in ms.

    A run that is not stored yet has a `number` below 1, which only tells it from others.
    """

    job: str
    number: int
    since: int
    pool: str | None = None
    weight: int = 1
    lock: str | None = None
    priority: int = 0
    parent: int | None = None  # of a child the number of its parent
    counts: bool = True  # for `max_running`; a parent does not, since its children do

    @property
    def run(self) -> str:
        """Id of the run."""
        return (
            f"{self.job}.{self.number}" if self.parent is None else f"{self.job}.{self.parent}.{self.number}"
        )

    @property
    def name(self) -> str:
        """The run as people know it: its id, or its job before it has a number."""
        return self.run if self.number > 0 else self.job

    @property
    def rank(self) -> Rank:
        """The lowest goes first."""
        return (-self.priority, self.since, self.job, self.parent or 0, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """How full a pool is; `runs` hold its places, `waiting` runs stand in line for them."""

    name: str
    size: int
    taken: int
    runs: tuple[str, ...]
    waiting: tuple[str, ...]


def claim_of(run: Run, spec: JobSpec | None, limits: Concurrency | None = None) -> Claim:
    """What the run takes by its job as it is now; without a job by `limits`, else a place among all runs.

    One that tries again waits since its time came. Of a batch the parent holds the lock and no place, and
    its children take the places.
    """
    since = run.created_at
    if run.state is RunState.RETRYING and run.next_attempt_at is not None:
        since = run.next_attempt_at
    if limits is None or spec is not None:
        limits = Concurrency() if spec is None else spec.concurrency
    is_parent = run.parent is None and (
        run.children is not None or (spec is not None and spec.batch is not None)
    )
    return Claim(
        job=run.job,
        number=run.number,
        since=to_ms(since),
        pool=None if is_parent else limits.pool,
        weight=limits.weight,
        lock=limits.lock if run.parent is None else None,
        priority=limits.priority,
        parent=run.parent,
        counts=not is_parent,
    )


class Room:
    """`pools`: places by name; `max_running`: runs at the same time, None for no limit.

    A pool that nobody has named has one place, so that what was to be held apart stays apart.
    """

    def __init__(self, pools: Mapping[str, int] | None = None, max_running: int | None = None) -> None:
        self.pools = dict(pools or {})
        self.max_running = max_running
        self._tickets = 0
        self._holding: dict[str, Claim] = {}
        self._running = 0  # of them, those that count
        self._waiting: dict[str, Claim] = {}
        self._lanes: dict[_Lane, list[tuple[Rank, Claim]]] = {}
        self._in_pool: dict[str, dict[str, Claim]] = {}
        self._taken: dict[str, int] = {}  # places by pool
        self._lock_of: dict[str, dict[str, Claim]] = {}

    @property
    def running(self) -> int:
        """How many runs hold a place among all that run."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many runs stand in line."""
        return len(self._waiting)

    def holds(self, run: str) -> bool:
        """Whether the run has its place."""
        return run in self._holding

    def waits(self, run: str) -> bool:
        """Whether the run stands in line."""
        return run in self._waiting

    def claim(self, run: str) -> Claim | None:
        """What the run stands in line with."""
        return self._waiting.get(run)

    def ticket(self) -> int:
        """A number for a run that has none yet."""
        self._tickets -= 1
        return self._tickets

    def hold(self, claim: Claim) -> None:
        """It runs already: the place is taken, whether there was one or not."""
        self.leave(claim.run)
        self._holding[claim.run] = claim
        self._running += int(claim.counts)
        if claim.pool is not None:
            self._in_pool.setdefault(claim.pool, {})[claim.run] = claim
            self._taken[claim.pool] = self._taken.get(claim.pool, 0) + self._weight(claim)
        if claim.lock is not None:
            self._lock_of.setdefault(claim.lock, {})[claim.run] = claim

    def admit(self, claim: Claim) -> bool:
        """Take the place at once if there is one and nobody in line goes before; else nothing changes."""
        if self.obstacle(claim):
            return False
        self.hold(claim)
        return True

    def wait(self, claim: Claim) -> None:
        """Stand in line; again with another claim when the job changed, and since the same time.

        Who holds a place stays there.
        """
        known = self._waiting.get(claim.run)
        if known is not None and known.since < claim.since:
            claim = replace(claim, since=known.since)
        if known == claim or claim.run in self._holding:
            return
        self.leave(claim.run)
        self._waiting[claim.run] = claim
        insort(self._lanes.setdefault(_lane(claim), []), (claim.rank, claim))

    def leave(self, run: str) -> None:
        """It runs or waits no longer."""
        claim = self._holding.pop(run, None)
        if claim is not None:
            self._running -= int(claim.counts)
            _drop(self._in_pool, claim.pool, run)
            _drop(self._lock_of, claim.lock, run)
            if claim.pool is not None:
                self._taken[claim.pool] -= self._weight(claim)
        claim = self._waiting.pop(run, None)
        if claim is not None:
            self._step_out(claim)

    def grant(self, held: Collection[str] = ()) -> list[Claim]:
        """Give places to those in line, best rank first; the answer holds them now.

        Who waits for places of a pool keeps lower ranks of the same pool and lock from passing, so that
        small runs can't starve a large one. `held`: jobs that get nothing now, nor who stands behind them.
        """
        granted: list[Claim] = []
        closed: set[_Need] = set()
        heads = [(lane[0], key) for key, lane in self._lanes.items()]
        heapify(heads)
        while heads:
            (_, claim), key = heappop(heads)
            is_kept_out = claim.job in held or self._is_full(claim)
            if is_kept_out or not closed.isdisjoint(_needs(claim)):
                continue
            if self._lacks(claim):
                closed.update(_needs(claim) if self._pool_lacks(claim) else {(None, claim.lock)})
                continue
            self.hold(claim)
            granted.append(claim)
            if lane := self._lanes.get(key):
                heappush(heads, (lane[0], key))
        return granted

    def obstacle(self, claim: Claim) -> str:
        """Why that run has no room now, a sentence for people; "" when it has."""
        if self._is_full(claim):
            return f"waits for a free place: {self.running} of {self.max_running} runs go on (max_running)"
        if self._lock_lacks(claim):
            return f"waits for the lock {claim.lock}: {_named(self._lock_of[claim.lock or ''])} holds it"
        if self._pool_lacks(claim):
            return self._pool_message(claim)
        ahead = self._ahead(claim)
        if ahead is None:
            return ""
        what = (
            f"the pool {claim.pool}" if ahead.pool == claim.pool and claim.pool else f"the lock {claim.lock}"
        )
        return f"waits for {what}: {ahead.run} is before it in line"

    def blocked_by(self, run: str) -> str:
        """What a run that stands in line waits for, in words; "" for any other."""
        claim = self._waiting.get(run)
        return "" if claim is None else self.obstacle(claim)

    def pool_uses(self) -> Sequence[PoolUse]:
        """All pools by name, with who holds and who waits, in order."""
        line: dict[str, list[Claim]] = {}
        for claim in sorted(self._waiting.values(), key=lambda claim: claim.rank):
            line.setdefault(claim.pool or "", []).append(claim)
        names = sorted({*self.pools, *self._in_pool, *line} - {""})
        return [
            PoolUse(
                name=name,
                size=self.size(name),
                taken=self._taken.get(name, 0),
                runs=tuple(claim.name for claim in self._in_pool.get(name, {}).values()),
                waiting=tuple(claim.run for claim in line.get(name, ())),
            )
            for name in names
        ]

    def size(self, pool: str) -> int:
        """How many places it has."""
        return self.pools.get(pool, 1)

    def _is_full(self, claim: Claim) -> bool:
        return claim.counts and self.max_running is not None and self._running >= self.max_running

    def _lacks(self, claim: Claim) -> bool:
        return self._lock_lacks(claim) or self._pool_lacks(claim)

    def _lock_lacks(self, claim: Claim) -> bool:
        return claim.lock is not None and claim.lock in self._lock_of

    def _pool_lacks(self, claim: Claim) -> bool:
        if claim.pool is None:
            return False
        return self._taken.get(claim.pool, 0) + self._weight(claim) > self.size(claim.pool)

    def _weight(self, claim: Claim) -> int:
        # One that is heavier than the whole pool runs alone in it, rather than never.
        return claim.weight if claim.pool is None else min(claim.weight, self.size(claim.pool))

    def _ahead(self, claim: Claim) -> Claim | None:
        """Who keeps it from passing: one of better rank that waits for places of the same pool or lock."""
        for lane in self._lanes_beside(claim):
            rank, first = lane[0]
            if first.run != claim.run and rank < claim.rank and self._pool_lacks(first):
                return first
        return None

    def _lanes_beside(self, claim: Claim) -> Iterator[list[tuple[Rank, Claim]]]:
        needs = _needs(claim)
        if needs:
            yield from (lane for lane in self._lanes.values() if not needs.isdisjoint(_needs(lane[0][1])))

    def _pool_message(self, claim: Claim) -> str:
        pool = claim.pool or ""
        weight, size = self._weight(claim), self.size(pool)
        wanted = f"{weight} places of the pool {pool}" if weight > 1 else f"the pool {pool}"
        taken = f"{self._taken[pool]} of {size} places taken by {_named(self._in_pool[pool])}"
        return f"waits for {wanted}: {taken}"

    def _step_out(self, claim: Claim) -> None:
        key = _lane(claim)
        lane = self._lanes[key]
        del lane[bisect_left(lane, claim.rank, key=lambda each: each[0])]
        if not lane:
            del self._lanes[key]


def _lane(claim: Claim) -> _Lane:
    """Whoever lacks something keeps back only those in line who need all of the same."""
    return claim.pool, claim.lock, claim.counts


def _needs(claim: Claim) -> set[_Need]:
    pool: set[_Need] = set() if claim.pool is None else {(claim.pool, None)}
    return pool if claim.lock is None else pool | {(None, claim.lock)}


def _drop(held: dict[str, dict[str, Claim]], name: str | None, run: str) -> None:
    if name is None:
        return
    held[name].pop(run)
    if not held[name]:
        del held[name]


def _named(claims: Mapping[str, Claim]) -> str:
    names = [claim.name for claim in claims.values()]
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
