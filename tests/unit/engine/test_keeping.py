from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fakes.jobs import a_job
from rota.core.board import Board, JobEntry
from rota.core.model import Limits, Retention
from rota.core.retention import Kept
from rota.engine.keeping import Keeping

DAY = timedelta(days=1)


def test_a_job_in_force_says_itself_what_is_kept_of_it() -> None:
    board = Board(started_at=datetime(2026, 6, 1, tzinfo=UTC))
    board.jobs["plain"] = JobEntry(spec=a_job("plain"))
    board.jobs["own"] = JobEntry(
        spec=a_job("own", retention=Retention(logs=DAY), limits=replace(Limits(), output=1000))
    )
    of_all = Kept(rows=7 * DAY)

    keeping = Keeping(board, of_all, lambda text: Retention(max_runs=int(text)))

    assert keeping.of_job("plain") is of_all
    assert keeping.of_job("own") == Kept(rows=7 * DAY, logs=DAY, output=1000)
    assert keeping.of_job("gone") is None
    assert keeping.of_definition("9") == Kept(rows=7 * DAY, max_runs=9)
