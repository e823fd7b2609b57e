"""The children of one parent that go on now, and the counts that are stored with each of their changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.core import batch
from rota.core import happenings as h
from rota.core.run import Children, Run, RunState

if TYPE_CHECKING:
    from rota.engine.live_run import LiveRun


class Family:
    """A child's change is promised before it is stored and kept when it is, so that counts never go back.

    Changes of several children are stored at the same time, each with all that was promised before it.
    """

    def __init__(self, parent: LiveRun) -> None:
        self.parent = parent
        self.children: dict[str, LiveRun] = {}  # those that are led now, by id
        self._kept = self._promised = parent.run.children or Children()

    def start(self, counts: Children) -> None:
        """The items are known."""
        self._kept = self._promised = counts

    def promise(self, before: RunState, after: RunState) -> Run | None:
        """The parent as it is to be stored with that change of a child; None when it changes no count."""
        counts = batch.moved(self._promised, before, after)
        if counts is self._promised:
            return None
        self._promised = counts
        return batch.with_counts(self.parent.run, counts)

    def withdraw(self, before: RunState, after: RunState) -> None:
        """What was promised could not be stored."""
        self._promised = batch.moved(self._promised, after, before)

    async def keep(self, before: RunState, after: RunState) -> None:
        """What was promised is stored: everyone may know it."""
        counts = batch.moved(self._kept, before, after)
        if counts is not self._kept:
            self._kept = counts
            await self.parent.announce(h.ChildrenCounted(children=counts))
