"""What `every … from: end` counts from."""

from __future__ import annotations

from datetime import datetime, timedelta

from rota.core.board import JobEntry
from rota.core.triggers import EveryTrigger
from rota.engine.timetable import Timed


def counts_from(timed: Timed, entry: JobEntry) -> datetime | None:
    """The end of the last run; before the first one the load. None while a run is under way or waits.

    An instant that was answered without a run counts as if one had ended then.
    """
    if entry.open_runs:
        return None
    begins = [at for at in (timed.since, _last_end(entry)) if at is not None]
    begin = max(begins, default=timed.answered)
    shortest = min(
        each.interval for each in timed.triggers if isinstance(each, EveryTrigger) and each.from_end
    )
    return max(begin, timed.answered) if begin + shortest <= timed.answered else begin


def _last_end(entry: JobEntry) -> datetime | None:
    if entry.last is not None:
        return entry.last.ended_at
    if not entry.bars:
        return None
    bar = entry.bars[-1]  # after a start the whole run comes a moment later
    return bar.at + timedelta(milliseconds=bar.duration_ms or 0)
