"""How long a run is expected to take, and what is said of one that did not keep to it."""

from __future__ import annotations

from datetime import datetime, timedelta

from rota.core.model import Expect
from rota.core.run import Run, RunState
from rota.core.words import length_in_words

_SHORT = 0.1  # seconds: what takes less is not counted


def length_warning(expect: Expect, run: Run) -> str:
    """For a completed run that took less or more than expected; "" for any other."""
    if run.state is not RunState.COMPLETED or run.started_at is None or run.ended_at is None:
        return ""
    took = run.ended_at - run.started_at
    if expect.longest is not None and took > expect.longest:
        return f"took {_told(took)}, longer than the {length_in_words(expect.longest)} expected"
    if expect.shortest is not None and took < expect.shortest:
        return f"took {_told(took)}, shorter than the {length_in_words(expect.shortest)} expected"
    return ""


def overdue_since(expect: Expect, run: Run) -> datetime | None:
    """From when on a run under way takes longer than expected, whether that has come or not."""
    if expect.longest is None or run.started_at is None or not run.state.is_active:
        return None
    return run.started_at + expect.longest


def overdue_message(expect: Expect) -> str:
    """For a run under way that takes longer than expected."""
    return f"It takes longer than the {length_in_words(expect.longest or timedelta())} expected."


def _told(took: timedelta) -> str:
    seconds = took.total_seconds()
    if seconds < _SHORT:
        return f"less than {_SHORT:g} s"
    # Whole seconds, but for what takes less than ten of them.
    return length_in_words(timedelta(seconds=round(seconds, 1) if seconds < 10 else round(seconds)))
