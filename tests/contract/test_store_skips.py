"""What every store promises of skips: stretches, what they answer, and what gives way to a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from fakes.recorded import DAY, MINUTE, NOON, a_run, a_skip, added
from rota.core.run import Reason, Run, RunState
from rota.core.seams import RunQuery, Store


async def test_skips_for_the_same_reason_become_one_row_with_count_and_last_instant(store: Store) -> None:
    await store.add([a_run(0), a_skip(1)])

    answers = await store.add([a_skip(2), a_skip(3)])

    merged = await store.run("backup", 2)
    assert merged is not None
    assert (merged.count, merged.due_at, merged.last_due_at) == (3, NOON + MINUTE, NOON + 3 * MINUTE)
    assert merged.message == "minute 3"
    assert answers[-1] == merged
    assert (await store.runs(RunQuery())).total == 2


async def test_a_due_instant_inside_a_merged_stretch_is_already_answered(store: Store) -> None:
    await store.add([a_skip(1), a_skip(2), a_skip(3)])

    assert list(await store.add([a_run(2), a_run(3)])) == [None, None]


async def test_a_skip_for_another_reason_begins_a_row_of_its_own(store: Store) -> None:
    await store.add([a_skip(1, Reason.PAUSED), a_skip(2, Reason.OVERLAP), a_skip(3, Reason.PAUSED)])

    assert (await store.runs(RunQuery())).total == 3


async def test_a_skip_after_a_run_begins_a_row_of_its_own(store: Store) -> None:
    await store.add([a_skip(1), a_run(2), a_skip(3)])

    assert (await store.runs(RunQuery())).total == 3


async def test_a_queued_run_that_became_a_skip_is_lengthened_by_the_next_one(store: Store) -> None:
    queued = await added(store, a_run(1))
    await store.save(replace(queued, state=RunState.SKIPPED, reason=Reason.START_DEADLINE))

    merged = await added(store, a_skip(2, Reason.START_DEADLINE))

    assert (merged.number, merged.count) == (1, 2)


async def test_an_instant_between_others_that_was_to_be_answered_after_them_is_none_of_theirs(
    store: Store,
) -> None:
    stretch = replace(
        a_skip(1), count=2, last_due_at=NOON + 9 * MINUTE, planned_at=NOON + 10 * MINUTE,
        ended_at=NOON + 10 * MINUTE,
    )  # fmt: skip
    await store.add([stretch])

    inside, later = await store.add(
        [
            replace(a_run(5), planned_at=NOON + 8 * MINUTE),
            replace(a_run(6), planned_at=NOON + 12 * MINUTE),
        ]
    )

    assert inside is None
    assert later is not None


async def test_a_longer_row_of_skips_bears_the_newest_upstream_and_planned_instant(store: Store) -> None:
    first = replace(a_skip(1, Reason.UPSTREAM), upstream=("export.1",), planned_at=NOON + MINUTE)
    second = replace(a_skip(2, Reason.UPSTREAM), upstream=("export.2",), planned_at=NOON + 5 * MINUTE)

    await store.add([first])
    merged = await added(store, second)

    assert merged.count == 2
    stored = await store.run("backup", 1)
    assert stored is not None
    assert (stored.upstream, stored.planned_at) == (("export.2",), NOON + 5 * MINUTE)


def missed(first: int, last: int, *, told_at: datetime) -> Run:
    """A skip for all instants of that stretch, recorded when the clock said `told_at`."""
    skip = a_skip(first, Reason.MISSED)
    until = NOON + last * MINUTE
    return replace(skip, count=last - first + 1, last_due_at=until, created_at=told_at, ended_at=told_at)


async def test_what_was_missed_only_by_a_clock_that_was_ahead_can_still_run(store: Store) -> None:
    skip = await added(store, missed(5, 9, told_at=NOON + 3 * DAY))

    run = await added(store, a_run(5))
    kept = await store.run("backup", skip.number)

    assert run.due_at == NOON + 5 * MINUTE
    assert kept is not None
    assert (kept.due_at, kept.scheduled_for, kept.count) == (None, NOON + 5 * MINUTE, 5)
    assert await store.add([a_run(5)]) == [None]


@pytest.mark.parametrize("minute", [6, 7, 9])
async def test_what_had_passed_by_a_clock_that_is_set_right_stays_missed(store: Store, minute: int) -> None:
    skip = await added(store, missed(5, 9, told_at=NOON + 3 * DAY))

    run = await added(store, a_run(minute))
    kept = await store.run("backup", skip.number)

    assert run.due_at == NOON + minute * MINUTE
    assert kept is not None
    assert (kept.due_at, kept.count) == (NOON + 5 * MINUTE, minute - 5)
    assert await store.add([replace(a_run(5), created_at=NOON + 3 * DAY), a_run(minute)]) == [None, None]
    assert (await store.add([a_run(10)]))[0] is not None


async def test_what_ran_by_a_clock_that_was_ahead_does_not_run_again(store: Store) -> None:
    await added(store, replace(a_run(9), created_at=NOON + 3 * DAY))

    assert await store.add([a_run(9)]) == [None]


async def test_what_was_really_missed_stays_missed(store: Store) -> None:
    await added(store, missed(5, 9, told_at=NOON + 10 * MINUTE))

    assert await store.add([replace(a_run(7), created_at=NOON + 11 * MINUTE)]) == [None]


async def test_a_skip_after_a_void_one_is_a_row_of_its_own(store: Store) -> None:
    first = await added(store, missed(5, 9, told_at=NOON + 3 * DAY))

    second = await added(store, replace(missed(5, 5, told_at=NOON + 7 * MINUTE), count=1, last_due_at=None))

    assert second.number == first.number + 1


async def test_among_skips_for_upstreams_that_failed_there_is_room_for_one_that_did_not(store: Store) -> None:
    """Its end became known later than theirs."""
    await store.add([a_skip(0, Reason.UPSTREAM), a_skip(4, Reason.UPSTREAM)])

    (run,) = await store.add([replace(a_run(2), upstream=("export.1",))])

    assert run is not None
    assert run.id == "backup.2"
    assert await store.add([a_skip(3, Reason.UPSTREAM)]) == [None]


async def test_a_stretch_knows_whose_ends_it_answers_and_takes_in_no_other(store: Store) -> None:
    """Whose end became known late is not among them, and the job may be free by then."""
    for minute in (0, 2, 4):
        await store.add([replace(a_skip(minute), upstream=(f"export.{minute}",))])

    known = await store.add([replace(a_run(2), due_at=NOON + 3 * MINUTE, upstream=("export.2",))])
    late = await store.add([replace(a_run(1), upstream=("export.1",))])

    assert known == [None]
    assert late != [None]


async def test_a_stretch_of_very_many_ends_takes_in_every_one_that_lies_in_it(store: Store) -> None:
    """It does not tell apart so many, and nothing may be answered twice."""
    for minute in range(2, 150, 2):
        await store.add([replace(a_skip(minute), upstream=(f"export.{minute}",))])

    assert await store.add([replace(a_run(4), upstream=("export.4",))]) == [None]


async def test_a_stretch_answers_nothing_that_starts_later_than_its_last(store: Store) -> None:
    """A long `spread` names instants in another order than it starts them."""
    stretch = replace(
        a_skip(0),
        count=2,
        last_due_at=NOON + 4 * MINUTE,
        planned_at=NOON + 5 * MINUTE,
        ended_at=NOON + 9 * MINUTE,
    )
    await added(store, stretch)

    answers = await store.add(
        [replace(a_run(2), planned_at=NOON + late * MINUTE) for late in (5, 7)],
    )

    assert [run is None for run in answers] == [True, False]


async def test_the_newest_skip_of_each_job_is_found_unless_a_run_came_after_it(store: Store) -> None:
    (skip,) = await store.add([a_skip(1)])
    await store.add([a_skip(1, job="report")])
    await store.add([a_run(2, job="report")])

    assert await store.last_skips() == {"backup": skip}


async def test_what_answers_a_span_are_its_runs_and_the_stretches_that_reach_into_it(store: Store) -> None:
    await store.add([a_skip(0), a_skip(1), a_skip(2), a_run(3), a_run(4), a_run(9), a_run(3, job="report")])

    async def found(first: int, last: int) -> list[str]:
        runs = await store.answers("backup", NOON + first * MINUTE, NOON + last * MINUTE)
        return [run.id for run in runs]

    assert await found(1, 1) == ["backup.1"]
    assert await found(2, 4) == ["backup.1", "backup.2", "backup.3"]
    assert await found(5, 8) == []
    assert [run.id for run in await store.answers("backup", NOON, NOON + 9 * MINUTE, limit=2)] == [
        "backup.3",
        "backup.4",
    ]


async def test_a_skip_gives_some_of_its_instants_to_runs(store: Store) -> None:
    stretch = replace(
        a_skip(0, Reason.PAUSED), count=4, last_due_at=NOON + 3 * MINUTE, created_at=NOON + 3 * MINUTE
    )
    skip = await added(store, stretch)
    shorter = replace(skip, count=2, last_due_at=NOON + MINUTE)

    answers = await store.add([a_run(2), a_run(3), a_run(1)], shortened=[shorter])

    assert [run and run.id for run in answers] == ["backup.2", "backup.3", None]
    assert await store.run("backup", 1) == shorter
