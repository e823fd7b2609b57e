"""Due instants of many jobs in one span of time; jobs of the same schedule share them."""

from __future__ import annotations

from datetime import datetime

from rota.core.board import Due
from rota.core.model import JobSpec
from rota.core.schedule import canonical, due_between, is_hashed

Key = tuple[str, str, tuple[object, ...]]


class DueTable:
    """Remembers what it worked out: the same table serves two sets of jobs that are compared."""

    def __init__(self, begin: datetime, until: datetime) -> None:
        """The span is (begin, until]."""
        self.begin = begin
        self.until = until
        self._known: dict[Key, tuple[Due, ...]] = {}
        self._owed: dict[Key, tuple[Due, ...]] = {}
        self._noted: dict[Key, tuple[Due, ...]] = {}

    def key(self, spec: JobSpec) -> Key:
        """Jobs of equal keys are due at the same instants."""
        if not spec.enabled or not spec.triggers:
            return "", "", ()
        own = spec.id if is_hashed(spec.triggers) else ""
        return own, canonical(spec.triggers), tuple(each.excepts for each in spec.triggers)

    def dues(self, spec: JobSpec) -> tuple[Due, ...]:
        """All instants of the job in the span, in order, also those that an exception answers.

        They may name another job of the same schedule; none when it is disabled. Raises CronError.
        """
        if not spec.enabled:
            return ()
        key = self.key(spec)
        if key not in self._known:
            self._known[key] = tuple(due_between(spec.id, spec.triggers, self.begin, self.until))
        return self._known[key]

    def owed(self, spec: JobSpec) -> tuple[Due, ...]:
        """Those of `dues` that no exception answers."""
        key = self.key(spec)
        if key not in self._owed:
            self._owed[key] = tuple(due for due in self.dues(spec) if not due.excepted)
        return self._owed[key]

    def noted(self, spec: JobSpec) -> tuple[Due, ...]:
        """Those of `owed` that a clock change touches."""
        key = self.key(spec)
        if key not in self._noted:
            self._noted[key] = tuple(due for due in self.owed(spec) if due.note)
        return self._noted[key]
