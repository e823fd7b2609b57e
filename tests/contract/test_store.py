"""What every store promises: the same tests over the one in memory and the ledger on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.store import MemoryStore
from rota.core.errors import InvalidRequest, NotFound
from rota.core.run import Attempt, Progress, Reason, Run, RunState, Step, StepState, TriggeredBy
from rota.core.seams import JobRecord, Pause, RunQuery, SkipNext, Store
from rota.store.ledger import Ledger

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture(params=["memory", "ledger"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore(clock=clock)
        return
    ledger = Ledger.open(tmp_path / "ledger.db", clock)
    yield ledger
    await ledger.close()


def a_run(minute: int | None = 0, *, job: str = "backup", state: RunState = RunState.PENDING) -> Run:
    """A run that answers the due instant that many minutes after noon, or a request (None)."""
    due = None if minute is None else NOON + minute * MINUTE
    return Run(
        job=job,
        number=0,
        state=state,
        triggered_by=TriggeredBy.MANUAL if due is None else TriggeredBy.SCHEDULE,
        due_at=due,
        scheduled_for=due,
        created_at=due or NOON,
    )


def a_skip(minute: int, reason: Reason = Reason.OVERLAP, *, job: str = "backup") -> Run:
    return replace(a_run(minute, job=job, state=RunState.SKIPPED), reason=reason, message=f"minute {minute}")


def completed(run: Run, *, after: timedelta = MINUTE) -> Run:
    return replace(
        run, state=RunState.COMPLETED, started_at=run.created_at, ended_at=run.created_at + after, exit_code=0
    )


async def added(store: Store, run: Run) -> Run:
    (answer,) = await store.add([run])
    assert answer is not None
    return answer


async def ids(store: Store, query: RunQuery) -> list[str]:
    return [run.id for run in (await store.runs(query)).runs]


async def test_numbers_are_counted_per_job(store: Store) -> None:
    answers = await store.add([a_run(0), a_run(0, job="report"), a_run(1)])

    assert [run and run.id for run in answers] == ["backup.1", "report.1", "backup.2"]


async def test_a_due_instant_is_entered_only_once(store: Store) -> None:
    await store.add([a_run(0)])

    answers = await store.add([a_run(0), a_run(1), a_run(1), a_run(0, job="report")])

    assert [run and run.id for run in answers] == [None, "backup.2", None, "report.1"]


async def test_requests_have_no_due_instant_and_never_collide(store: Store) -> None:
    answers = await store.add([a_run(None), a_run(None)])

    assert [run and run.number for run in answers] == [1, 2]


async def test_an_older_due_instant_that_has_no_row_yet_is_entered(store: Store) -> None:
    await store.add([a_run(5)])

    answers = await store.add([a_run(3)])

    assert [run and run.number for run in answers] == [2]


async def test_what_is_saved_is_read_back_whole(store: Store) -> None:
    run = await added(store, everything())

    assert await store.run("backup", run.number) == run


async def test_a_changed_run_is_read_back_with_its_old_and_new_attempts(store: Store) -> None:
    run = await added(store, everything())
    first = replace(run.attempts[0], state=StepState.FAILED, reason=Reason.EXIT, exit_code=3, message="ä ⚠")
    second = replace(run.attempts[0], id="a2", n=2, state=StepState.RUNNING, log_offset=10)
    changed = replace(run, attempts=(first, second), attempt=2, result={"size": "2"}, warnings=())

    await store.save(changed)

    assert await store.run("backup", run.number) == changed


async def test_an_attempt_that_was_only_planned_leaves_with_the_next_save(store: Store) -> None:
    run = await added(store, everything())
    planned = replace(run, attempts=(*run.attempts, replace(run.attempts[0], id="a2", n=2)))
    await store.save(planned)

    await store.save(run)

    assert await store.run("backup", run.number) == run


async def test_of_several_open_attempts_one_that_was_only_planned_may_leave_from_between(
    store: Store,
) -> None:
    opened = [Attempt(id=f"attempt-{key}", step=key, created_at=NOON) for key in ("app", "crm", "mail")]
    (run,) = await store.add([replace(a_run(), attempts=tuple(opened))])
    assert run is not None
    app, crm, mail = opened
    waiting = Attempt(id="attempt-app-2", step="app", n=2, created_at=NOON, not_before=NOON + MINUTE)
    after = (replace(app, state=StepState.FAILED, ended_at=NOON), replace(mail, pid=7), waiting)

    await store.save(replace(run, attempts=(app, mail)))
    await store.save(replace(run, attempts=after, steps=(Step(key="mail", needs=("app",)),)))

    found = await store.run("backup", 1)
    assert found is not None
    assert found.attempts == after
    assert found.steps[0].needs == ("app",)
    assert crm not in found.attempts


async def test_a_run_without_a_row_can_not_be_saved(store: Store) -> None:
    with pytest.raises(NotFound, match=r"backup\.7"):
        await store.save(replace(a_run(0), number=7))


async def test_text_that_no_encoding_can_hold_is_stored_readable(store: Store) -> None:
    run = await added(store, replace(a_run(0), message="bad \udcff byte\0"))

    stored = await store.run("backup", run.number)

    assert stored is not None
    assert stored.message == "bad ? byte�"


async def test_a_run_that_is_not_there_is_none(store: Store) -> None:
    assert await store.run("backup", 1) is None
    assert await store.latest("backup") is None


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


async def test_every_due_instant_advances_what_is_answered(store: Store) -> None:
    await store.add([a_run(3), a_skip(4), a_skip(5), a_run(None)])
    await store.add([a_run(1)])

    record = (await store.records())["backup"]

    assert record.answered_until == NOON + 5 * MINUTE


async def test_the_mark_is_when_instants_were_to_be_answered_not_how_they_are_named(store: Store) -> None:
    await store.add([replace(a_run(1), planned_at=NOON + 9 * MINUTE)])

    assert (await store.records())["backup"].answered_until == NOON + 9 * MINUTE


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


async def test_ends_are_told_in_their_order_from_an_instant_on(store: Store) -> None:
    runs = [await added(store, a_run(minute)) for minute in (0, 1, 2)]
    for run, minutes in zip(runs, (30, 10, 20), strict=True):
        await store.save(completed(run, after=minutes * MINUTE))
    await added(store, a_run(3))
    await added(store, a_run(0, job="report"))

    ended = await store.ends("backup", NOON + 11 * MINUTE)

    assert [run.id for run in ended] == ["backup.3", "backup.1"]
    assert [run.id for run in await store.ends("backup", NOON)] == ["backup.2", "backup.3", "backup.1"]


async def test_records_keep_what_is_saved_and_never_answer_less(store: Store) -> None:
    await store.add([a_run(9)])
    pause = Pause(since=NOON, until=NOON + MINUTE, note="moving house")
    record = JobRecord(
        job="backup", answered_until=NOON, schedule="every 1m", since=NOON, pause=pause, source_line=3
    )

    await store.save_records([record, JobRecord(job="report", schedule="every 2m")])

    assert await store.records() == {
        "backup": replace(record, answered_until=NOON + 9 * MINUTE),
        "report": JobRecord(job="report", schedule="every 2m"),
    }


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


async def test_saving_a_record_leaves_the_numbers_of_its_job_alone(store: Store) -> None:
    await store.add([a_run(0)])
    await store.save_records([JobRecord(job="backup")])

    assert (await added(store, a_run(1))).number == 2


async def test_a_resumed_job_has_no_pause(store: Store) -> None:
    await store.save_records([JobRecord(job="backup", pause=Pause(since=NOON))])
    await store.save_records([JobRecord(job="backup")])

    assert (await store.records())["backup"].pause is None


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


async def test_definitions_are_stored_once_per_hash(store: Store) -> None:
    await store.save_definitions({"h1": "one"})
    await store.save_definitions({"h1": "another", "h2": "two"})

    assert [await store.definition(hash_) for hash_ in ("h1", "h2", "h3")] == ["one", "two", None]


async def test_a_fact_is_recalled_until_it_expires_or_is_forgotten(store: Store, clock: FakeClock) -> None:
    await store.remember("session", "a", "first", NOON + MINUTE)
    await store.remember("session", "a", "second", NOON + MINUTE)
    await store.remember("session", "b", "other", NOON + MINUTE)
    await store.forget("session", "b")

    assert await store.recall("session", "a") == "second"
    assert await store.recall("session", "b") is None
    assert await store.recall("other scope", "a") is None

    await clock.advance(60)

    assert await store.recall("session", "a") is None


async def test_pauses_of_many_jobs_are_kept_until_they_end(store: Store) -> None:
    nightly = Pause(since=NOON, until=NOON + MINUTE, note="disks", scope="tag:nightly")
    everything_ = Pause(since=NOON, scope="all")

    await store.save_pauses({"tag:nightly": Pause(since=NOON, scope="tag:nightly"), "all": everything_})
    await store.save_pauses({"tag:nightly": nightly})
    assert await store.pauses() == {"tag:nightly": nightly, "all": everything_}

    await store.save_pauses({"tag:nightly": None, "tag:unknown": None})
    assert await store.pauses() == {"all": everything_}


async def test_a_wish_to_skip_and_the_boot_are_kept_with_the_job(store: Store) -> None:
    wish = SkipNext(at=NOON + MINUTE, asked_at=NOON, note="holiday")
    record = JobRecord(job="backup", skip_next=wish, boot="b1")

    await store.save_records([record, JobRecord(job="report", skip_next=SkipNext(at=None, asked_at=NOON))])

    records = await store.records()
    assert records["backup"] == record
    assert records["report"].skip_next == SkipNext(at=None, asked_at=NOON)


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


async def test_a_renamed_job_goes_on_with_record_numbers_and_runs_of_the_old_one(store: Store) -> None:
    pause = Pause(since=NOON, note="moving")
    await store.add([a_run(0), a_run(1)])
    for number in (1, 2):
        run = await store.run("backup", number)
        assert run is not None
        await store.save(completed(replace(run, attempts=(Attempt(id=f"a{number}", created_at=NOON),))))
    await store.add([replace(completed(a_run(None)), retry_of="backup.2")])
    await store.save_records([JobRecord(job="backup", schedule="every 60s", since=NOON, pause=pause)])
    await store.save_records([JobRecord(job="dump", definition="h")])

    assert await store.rename("backup", "dump")
    assert await store.rename("backup", "dump")

    moved = await store.run("dump", 2)
    assert moved is not None
    assert (moved.log_name, moved.due_at, len(moved.attempts)) == ("backup", NOON + MINUTE, 1)
    assert await store.run("backup", 2) is None
    assert [run.retry_of for run in (await store.runs(RunQuery(job="dump"))).runs] == [None, "dump.2", None]
    assert await store.renamed("backup") == "dump"
    record = (await store.records())["dump"]
    assert (record.schedule, record.pause, record.definition) == ("every 60s", pause, "h")
    assert record.answered_until == NOON + MINUTE
    assert [run and run.id for run in await store.add([a_run(1, job="dump"), a_run(2, job="dump")])] == [
        None,
        "dump.4",
    ]


async def test_open_runs_of_a_renamed_job_come_along_when_they_have_ended(store: Store) -> None:
    run = await added(store, a_run(0))
    await store.rename("backup", "dump")
    newer = await added(store, a_run(1, job="dump"))

    assert await store.run("backup", 1) == run
    await store.save(completed(run))
    assert await store.rename("backup", "dump")

    assert (newer.id, await store.run("backup", 1)) == ("dump.2", None)
    assert await store.run("dump", 1) == replace(completed(run), job="dump", log_job="backup")


async def test_a_run_whose_number_is_taken_keeps_no_other_back_from_the_new_name(
    store: Store,
) -> None:
    first, second = await added(store, a_run(0)), await added(store, a_run(1))
    await store.rename("backup", "dump")
    await added(store, a_run(2, job="dump"))
    third = await added(store, a_run(2))
    for run in (first, second, third):
        await store.save(completed(run))

    assert await store.rename("backup", "dump")

    assert [run.id for run in (await store.runs(RunQuery(job="dump"))).runs] == ["dump.3", "dump.2", "dump.1"]
    assert [run.id for run in (await store.runs(RunQuery(job="backup"))).runs] == ["backup.3"]


async def test_a_job_with_runs_of_its_own_takes_over_none(store: Store) -> None:
    await store.add([a_run(0), a_run(0, job="dump")])

    assert not await store.rename("backup", "dump")
    assert not await store.rename("nobody", "dump")
    assert await store.renamed("backup") is None


async def test_a_job_may_be_renamed_twice_and_back(store: Store) -> None:
    await store.add([completed(a_run(0))])

    await store.rename("backup", "dump")
    await store.rename("dump", "export")
    assert [await store.renamed(name) for name in ("backup", "dump", "export")] == ["export", "export", None]

    await store.rename("export", "backup")
    assert [await store.renamed(name) for name in ("backup", "dump", "export")] == [None, "backup", "backup"]
    run = await store.run("backup", 1)
    assert run is not None
    assert run.log_name == "backup"


async def test_runs_that_wait_come_along_when_they_are_named(store: Store) -> None:
    runs = [await added(store, replace(a_run(n), reason=Reason.QUEUED)) for n in range(3)]

    await store.rename("backup", "dump", waiting=[1, 3])

    assert [run.id for run in await store.unfinished()] == ["dump.1", "backup.2", "dump.3"]
    assert await store.run("dump", 3) == replace(runs[2], job="dump", log_job="backup")


async def test_a_run_that_ended_under_a_name_before_the_last_comes_along(store: Store) -> None:
    run = await added(store, a_run(0))
    await store.rename("backup", "dump")
    await store.save(completed(run))

    await store.rename("dump", "export")

    assert await store.run("export", 1) == replace(completed(run), job="export", log_job="backup")


def everything() -> Run:
    """A run with a value in every field."""
    attempt = Attempt(
        id="a1",
        step="dump",
        created_at=NOON,
        started_at=NOON,
        ended_at=NOON + MINUTE,
        timeout_at=NOON + 2 * MINUTE,
        state=StepState.RUNNING,
        reason=Reason.SIGNAL,
        message="killed",
        exit_code=1,
        signal=9,
        pid=42,
        pid_started=4711,
        boot_id="b",
        log_offset=1,
        log_line=2,
        log_size=3,
        definition="h",
        markers=False,
        argv=("bash", "-c", "ä"),
        cwd="/",
        user="u",
    )
    step = Step(
        key="dump",
        title="Dump",
        state=StepState.RUNNING,
        reason=Reason.EXIT,
        share=3,
        started_at=NOON,
        ended_at=NOON + MINUTE,
        attempt=1,
        progress=Progress(current=1.5, total=3, text="half"),
        outputs={"size": "1"},
        announced=True,
        max_attempts=3,
        when="always",
    )
    return replace(
        a_run(0, state=RunState.RUNNING),
        reason=Reason.QUEUED,
        message="waits",
        started_at=NOON,
        ended_at=NOON + MINUTE,
        next_attempt_at=NOON + 2 * MINUTE,
        cancel_requested_at=NOON,
        max_attempts=4,
        attempt=1,
        exit_code=2,
        progress=Progress(current=1, total=2, text="x"),
        params={"database": "app", "deep": [1, {"a": None}]},
        result={"size": 1.5},
        warnings=("careful",),
        steps=(step,),
        attempts=(attempt,),
        retry_of="backup.0",
        host="db1",
        definition="h",
        source_file="backup.yaml",
        source_line=7,
        commit="c0ffee",
        dirty=True,
        planned_at=NOON + MINUTE,
        upstream=("export.3", "cleanup.4"),
        log_job="old-backup",
    )


async def test_a_run_can_take_the_place_of_another_with_its_due_instants(store: Store) -> None:
    older, newer = await store.add([a_run(0), a_run(1)])
    assert older is not None
    assert newer is not None
    await store.save(replace(older, state=RunState.SKIPPED, reason=Reason.CONDITION, ended_at=NOON))

    both = replace(newer, due_at=older.due_at, last_due_at=newer.due_at, count=2)
    skipped = replace(both, state=RunState.SKIPPED, reason=Reason.CONDITION, ended_at=NOON + MINUTE)
    await store.save(skipped, instead_of=older)

    assert await store.run("backup", older.number) is None
    assert await store.run("backup", newer.number) == skipped
    assert await store.add([a_run(0), a_run(1)]) == [None, None]
    assert await store.last_skips() == {"backup": skipped}
