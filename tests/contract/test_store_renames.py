"""What every store promises of a job that has got another name."""

from __future__ import annotations

from dataclasses import replace

from fakes.recorded import MINUTE, NOON, a_run, added, completed
from rota.core.run import Attempt, Reason
from rota.core.seams import JobRecord, Pause, RunQuery, Store


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
