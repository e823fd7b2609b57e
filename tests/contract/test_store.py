"""What every store promises: the same tests over the one in memory and the ledger on disk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.clock import FakeClock
from fakes.recorded import MINUTE, NOON, a_run, a_skip, added, completed, everything
from rota.core.errors import NotFound
from rota.core.run import Attempt, Reason, RunState, Step, StepState
from rota.core.seams import JobRecord, Pause, SkipNext, Store


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


async def test_every_due_instant_advances_what_is_answered(store: Store) -> None:
    await store.add([a_run(3), a_skip(4), a_skip(5), a_run(None)])
    await store.add([a_run(1)])

    record = (await store.records())["backup"]

    assert record.answered_until == NOON + 5 * MINUTE


async def test_the_mark_is_when_instants_were_to_be_answered_not_how_they_are_named(store: Store) -> None:
    await store.add([replace(a_run(1), planned_at=NOON + 9 * MINUTE)])

    assert (await store.records())["backup"].answered_until == NOON + 9 * MINUTE


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


async def test_saving_a_record_leaves_the_numbers_of_its_job_alone(store: Store) -> None:
    await store.add([a_run(0)])
    await store.save_records([JobRecord(job="backup")])

    assert (await added(store, a_run(1))).number == 2


async def test_a_resumed_job_has_no_pause(store: Store) -> None:
    await store.save_records([JobRecord(job="backup", pause=Pause(since=NOON))])
    await store.save_records([JobRecord(job="backup")])

    assert (await store.records())["backup"].pause is None


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
