"""What all that is due of one job now comes to: missed or on time, answered before or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rota.core.board import Due, JobEntry
from rota.core.boots import is_boot
from rota.core.decisions import Decision
from rota.core.missed import LATE, answer_missed
from rota.core.planning import plan
from rota.core.schedule import due_between
from rota.core.set_back import one_by_one
from rota.engine.timetable import Timed
from rota.engine.upcoming import calendar_of

_BEHIND = timedelta(hours=24)  # a clock that was set back by more than that was wrong then, not before


class Deciding:
    """Of a scheduler that began at `began`; `caught_up` once it has answered all that it found then."""

    def __init__(self, began: datetime) -> None:
        self.caught_up = False
        self._began = began
        self._shown: dict[str, datetime] = {}  # up to when jobs had answers, before the clock was set back

    def recall(self, job: str, answered_until: datetime) -> None:
        """The ledger has answers of the job up to then: the clock may have shown that once."""
        self._shown[job] = answered_until

    def set_back(self, timed: Timed) -> None:
        """The clock no longer shows what it showed: the job keeps the answers that it had."""
        self._shown[timed.job] = max(timed.answered, self._shown.get(timed.job, timed.answered))

    def decide(self, timed: Timed, entry: JobEntry, now: datetime) -> list[Decision]:
        """For all up to `now` that has no answer; leaves in `answering` what was made for the job."""
        begun = self._missed_until(timed, entry, now)
        timed.answering = tuple(due for due in entry.situation.made if due.starts_at <= now)
        late = [due for due in timed.answering if self._is_late(due, entry, begun, now)]
        fresh = [due for due in timed.answering if due not in late]
        calendar = due_between(timed.job, timed.triggers, begun, now, calendar_of(entry))
        taken = {due.at for due in fresh}
        dues = sorted((*fresh, *(due for due in calendar if due.at not in taken)), key=_order)
        return [*self._missed(timed, entry, begun, late), *plan(entry, dues, now)]

    def _missed_until(self, timed: Timed, entry: JobEntry, now: datetime) -> datetime:
        """What the calendar named up to here has passed while nothing could run."""
        if not self.caught_up:
            # The first round: what came due while the daemon was starting was not missed.
            return min(now, max(timed.answered, self._began, now - LATE))
        if timed.at is None or now - timed.at <= LATE:
            return timed.answered
        first = next(due_between(timed.job, timed.triggers, timed.answered, now, calendar_of(entry)), None)
        return timed.answered if first is None or now - first.starts_at <= LATE else now

    def _is_late(self, due: Due, entry: JobEntry, begun: datetime, now: datetime) -> bool:
        """Of what was made for the job. A boot that a daemon finds when it starts is not over."""
        if self.caught_up:
            return now - due.starts_at > LATE
        return due.starts_at <= min(begun, now - LATE) and not is_boot(due, entry.spec.triggers)

    def _missed(self, timed: Timed, entry: JobEntry, begun: datetime, late: Sequence[Due]) -> list[Decision]:
        """What passed up to `begun`; of what a clock had shown before, only what has no answer yet."""
        shown = self._shown.get(timed.job, timed.answered)
        if shown <= timed.answered:
            return answer_missed(entry, timed.answered, begun, late)
        if timed.answered + _BEHIND < shown <= begun:
            return answer_missed(entry, shown, begun, late)
        return list(one_by_one(answer_missed(entry, timed.answered, begun, late), entry, shown))


def _order(due: Due) -> tuple[datetime, datetime]:
    return due.starts_at, due.at
