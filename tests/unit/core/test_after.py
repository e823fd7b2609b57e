from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rota.core.after import NOTHING, fold, matches, upstreams
from rota.core.run import Reason, Run, RunState, TriggeredBy
from rota.core.triggers import AfterTrigger, CronTrigger, Ending

T0 = datetime(2026, 6, 1, 2, tzinfo=UTC)
MS = timedelta(milliseconds=1)
ANY = (AfterTrigger(jobs=("a", "b")),)
ALL = (AfterTrigger(jobs=("a", "b"), all=True),)


def an_end(job: str = "a", number: int = 1, state: RunState = RunState.COMPLETED, after: int = 0) -> Run:
    at = T0 + timedelta(seconds=after)
    return Run(
        job=job,
        number=number,
        state=state,
        triggered_by=TriggeredBy.SCHEDULE,
        due_at=T0,
        created_at=T0,
        ended_at=at,
    )


def test_each_end_of_any_makes_an_instant_that_bears_its_time() -> None:
    known, first = fold("c", ANY, NOTHING, an_end("a"))
    _, second = fold("c", ANY, known, an_end("b", after=9))

    assert [(due.at, due.upstream, due.withheld) for due in (*first, *second)] == [
        (T0, ("a.1",), ""),
        (T0 + timedelta(seconds=9), ("b.1",), ""),
    ]


def test_two_ends_at_one_moment_make_two_instants() -> None:
    known, first = fold("c", ANY, NOTHING, an_end("a"))
    _, second = fold("c", ANY, known, an_end("b"))

    assert [due.at for due in (*first, *second)] == [T0, T0 + MS]


def test_an_end_counts_once() -> None:
    known, _ = fold("c", ANY, NOTHING, an_end("a"))

    assert fold("c", ANY, known, an_end("a")) == (known, ())


def test_a_row_of_skips_counts_again_when_it_has_become_longer() -> None:
    skip = replace(an_end("a", state=RunState.SKIPPED), reason=Reason.PAUSED, message="paused")
    known, first = fold("c", ANY, NOTHING, skip)
    _, second = fold(
        "c", ANY, known, replace(skip, count=2, ended_at=T0 + timedelta(hours=1), last_due_at=T0)
    )

    assert [due.withheld for due in (*first, *second)] == [
        "a was skipped at 2026-06-01 02:00 UTC: paused"
    ] * 2


def test_others_make_nothing() -> None:
    assert fold("c", ANY, NOTHING, an_end("x"))[1] == ()
    assert fold("c", (CronTrigger(expression="* * * * *"),), NOTHING, an_end("a"))[1] == ()


def test_a_round_ends_with_its_last_end_and_the_next_begins_empty() -> None:
    known, none = fold("c", ALL, NOTHING, an_end("a"))
    known, made = fold("c", ALL, known, an_end("b", after=5))
    _, again = fold("c", ALL, known, an_end("b", number=2, after=6))

    assert (none, again) == ((), ())
    assert [(due.at, due.upstream) for due in made] == [(T0 + timedelta(seconds=5), ("a.1", "b.1"))]


def test_a_mark_leaves_older_ends_out() -> None:
    marked = replace(NOTHING, marks={0: T0})

    assert fold("c", ANY, marked, an_end("a"))[1] == ()
    assert len(fold("c", ANY, marked, an_end("a", after=1))[1]) == 1


@pytest.mark.parametrize(
    ("on", "states"),
    [
        (Ending.COMPLETED, {RunState.COMPLETED}),
        (Ending.FAILED, {RunState.FAILED}),
        (Ending.ALWAYS, {RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED}),
    ],
)
def test_which_ends_match(on: Ending, states: set[RunState]) -> None:
    final = [state for state in RunState if state.is_final]

    assert {state for state in final if matches(an_end(state=state), on)} == states


def test_who_waits_for_whom() -> None:
    assert upstreams((*ANY, AfterTrigger(jobs=("x",)))) == {"a", "b", "x"}
