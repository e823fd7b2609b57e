"""What every store promises of lists of runs, pages and bars."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.recorded import MINUTE, NOON, a_run, a_skip, added, completed, ids
from rota.core.errors import InvalidRequest
from rota.core.run import Attempt, Reason, RunState
from rota.core.seams import RunQuery, Store


async def test_runs_are_listed_newest_first_page_by_page(store: Store) -> None:
    await store.add([a_run(minute) for minute in range(5)])

    first = await store.runs(RunQuery(limit=2))
    second = await store.runs(RunQuery(limit=2, before=first.next_cursor))
    third = await store.runs(RunQuery(limit=2, before=second.next_cursor))

    assert [[run.number for run in page.runs] for page in (first, second, third)] == [[5, 4], [3, 2], [1]]
    assert third.next_cursor is None
    assert {page.total for page in (first, second, third)} == {5}


async def test_a_list_that_shows_no_attempts_gets_none(store: Store) -> None:
    run = await added(store, replace(a_run(), attempts=(Attempt(id="a1", created_at=NOON),)))

    with_them, without = await store.runs(RunQuery()), await store.runs(RunQuery(attempts=False))

    assert with_them.runs == [run]
    assert without.runs == [replace(run, attempts=())]


async def test_runs_of_the_same_millisecond_keep_their_order_over_pages(store: Store) -> None:
    await store.add([a_run(None) for _ in range(3)])

    first = await store.runs(RunQuery(limit=2))
    second = await store.runs(RunQuery(limit=2, before=first.next_cursor))

    assert [run.number for run in (*first.runs, *second.runs)] == [3, 2, 1]


async def test_runs_are_filtered_by_job_state_and_time(store: Store) -> None:
    one, two = await added(store, a_run(0)), await added(store, a_run(1, job="report"))
    await store.save(completed(one))
    await store.save(replace(two, state=RunState.FAILED, reason=Reason.EXIT))
    await store.add([a_skip(2), a_run(3)])

    assert await ids(store, RunQuery(job="backup")) == ["backup.3", "backup.2", "backup.1"]
    assert await ids(store, RunQuery(job="backup", skipped=False)) == ["backup.3", "backup.1"]
    assert await ids(store, RunQuery(states=frozenset({RunState.FAILED}))) == ["report.1"]
    both = frozenset({RunState.FAILED, RunState.COMPLETED})
    assert await ids(store, RunQuery(states=both)) == ["report.1", "backup.1"]
    assert await ids(store, RunQuery(states=frozenset({RunState.SKIPPED}), skipped=False)) == ["backup.2"]
    assert await ids(store, RunQuery(since=NOON + MINUTE, until=NOON + 3 * MINUTE)) == [
        "backup.2",
        "report.1",
    ]
    assert await ids(store, RunQuery(job="nowhere")) == []


async def test_a_cursor_that_is_none_is_refused(store: Store) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        await store.runs(RunQuery(before="; drop table"))


async def test_the_latest_run_is_the_newest_that_was_not_skipped(store: Store) -> None:
    await store.add([a_run(0), a_run(1), a_skip(2)])

    latest = await store.latest("backup")

    assert latest is not None
    assert latest.number == 2


async def test_unfinished_runs_come_oldest_first(store: Store) -> None:
    one, two, _, _ = await store.add([a_run(0), a_run(1), a_run(2), a_skip(3)])
    assert one is not None
    assert two is not None
    await store.save(completed(two))
    await store.save(replace(one, state=RunState.RETRYING))

    assert [(run.number, run.state) for run in await store.unfinished()] == [
        (1, RunState.RETRYING),
        (3, RunState.PENDING),
    ]


async def test_bars_are_the_last_final_runs_of_each_job_oldest_first_without_skips(store: Store) -> None:
    for minute in range(4):
        run = await added(store, a_run(minute))
        await store.save(completed(run, after=timedelta(seconds=minute)))
    await store.add([a_skip(5), a_run(6), a_run(0, job="report")])

    bars = await store.bars(3)

    assert {job: [(bar.number, bar.duration_ms) for bar in found] for job, found in bars.items()} == {
        "backup": [(2, 1000), (3, 2000), (4, 3000)]
    }


async def test_bars_of_some_jobs_are_those_of_all_left_to_them(store: Store) -> None:
    for job in ("backup", "report", "sweep"):
        await store.save(completed(await added(store, a_run(0, job=job)), after=MINUTE))

    found = await store.bars(3, ["report", "sweep", "nothing-yet"])

    assert found == {job: bars for job, bars in (await store.bars(3)).items() if job != "backup"}


async def test_bars_are_found_behind_any_number_of_runs_that_are_none(store: Store) -> None:
    await store.save(completed(await added(store, a_run(0)), after=MINUTE))
    for minute in range(1, 40):
        await store.add([a_skip(minute) if minute % 2 else a_run(minute)])

    assert [bar.number for bar in (await store.bars(2))["backup"]] == [1]
