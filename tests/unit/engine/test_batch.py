"""A run of a batch: its items, its children, what becomes of them, and a daemon that ends in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from fakes.engine import FakeEngine
from fakes.jobs import a_job
from rota.core.batch import Chunk
from rota.core.changed import changed
from rota.core.errors import Conflict, Unavailable
from rota.core.model import ITEMS, Batch, Command, Concurrency, ItemSource, Retry
from rota.core.run import Children, Reason, Run, RunState, TriggeredBy
from rota.core.seams import RunQuery

FOUND = ItemSource(kind="command", work=Command(argv=("ls", "/srv/in")))


def a_batch(
    *items: object, limits: Concurrency | None = None, retry: Retry | None = None, **batch: Any
) -> Any:
    return a_job(
        batch=Batch(items=items, **batch), concurrency=limits or Concurrency(), retry=retry or Retry()
    )


async def parent(engine: FakeEngine, number: int = 1) -> Run:
    run = engine.board.open_run("backup", number) or await engine.store.run("backup", number)
    assert run is not None
    return run


async def children(engine: FakeEngine, number: int = 1) -> Sequence[Run]:
    page = await engine.store.runs(RunQuery(job=f"backup.{number}", limit=1000))
    return sorted(page.runs, key=lambda run: run.number)


async def end_all(engine: FakeEngine, *, failing: Sequence[object] = (), code: int = 3) -> list[str]:
    """End every process as it comes, until none is left; answers the items in order of their starts."""
    worked: list[str] = []
    while open_ones := [each for each in engine.hands.processes if each.ended is None]:
        process = open_ones[0]
        item = process.order.env["ITEM"]
        worked.append(item)
        process.end(code if item in failing else 0)
        await engine.settle()
    return worked


def living(engine: FakeEngine) -> list[str]:
    return [each.order.env["ITEM"] for each in engine.hands.processes if each.ended is None]


async def test_each_item_is_worked_on_by_a_child_and_no_more_than_at_once_go_on() -> None:
    async with FakeEngine(a_batch("a", "b", "c", at_once=2)) as engine:
        await engine.start()
        assert living(engine) == ["a", "b"]
        run = await parent(engine)
        assert (run.state, run.children) == (RunState.RUNNING, Children(pending=1, running=2))
        assert run.message == "1 pending, 2 running, 0 completed, 0 failed"

        assert await end_all(engine) == ["a", "b", "c"]

        run = await parent(engine)
        assert (run.state, run.reason) == (RunState.COMPLETED, Reason.CHILDREN)
        assert run.children == Children(completed=3)
        assert run.progress.percent == 100
        first = (await children(engine))[0]
        assert (first.id, first.parent, first.items) == ("backup.1.1", 1, ("a",))
        assert first.triggered_by is TriggeredBy.BATCH
        assert engine.hands.processes[0].order.ref.job == "backup.1"


async def test_a_child_is_no_run_of_its_job() -> None:
    async with FakeEngine(a_batch("a", "b")) as engine:
        await engine.start()
        await end_all(engine, failing=["a"])

        assert [bar.number for bar in engine.entry().bars] == [1]
        assert not engine.entry().open_runs
        assert not engine.board.children
        listed = await engine.store.runs(RunQuery())
        assert [run.id for run in listed.runs] == ["backup.1"]


async def test_several_items_of_a_chunk_come_as_a_list() -> None:
    async with FakeEngine(a_batch("a", {"n": 1}, "c", chunk=2)) as engine:
        await engine.start()

        first, second = (each.order.env for each in engine.hands.processes)
        assert first["ITEMS"] == '["a",{"n":1}]'
        assert "ITEM" not in first
        assert (second["ITEMS"], second["ITEM"]) == ('["c"]', "c")


async def test_the_keys_of_an_item_are_variables() -> None:
    async with FakeEngine(a_batch({"name": "app", "max-size": 5})) as engine:
        await engine.start()

        env = engine.hands.process().order.env
        assert env["ITEM"] == '{"name":"app","max-size":5}'
        assert (env["ITEM_NAME"], env["ITEM_MAX_SIZE"]) == ("app", "5")


async def test_all_children_run_though_one_fails_and_then_the_parent_has_failed() -> None:
    async with FakeEngine(a_batch("a", "b", "c", at_once=1)) as engine:
        await engine.start()

        assert await end_all(engine, failing=["a"]) == ["a", "b", "c"]

        run = await parent(engine)
        assert (run.state, run.reason) == (RunState.FAILED, Reason.CHILDREN)
        assert run.message == "of 3 children 1 failed: backup.1.1"


async def test_as_many_children_may_fail_as_are_tolerated() -> None:
    async with FakeEngine(a_batch("a", "b", "c", tolerate=1)) as engine:
        await engine.start()
        await end_all(engine, failing=["b"])

        run = await parent(engine)
        assert run.state is RunState.COMPLETED
        assert run.message == "of 3 children 1 failed, and 1 may: backup.1.2"


async def test_nothing_to_do_is_done() -> None:
    async with FakeEngine(a_batch()) as engine:
        run = await engine.start()

        assert (run.state, run.message) == (RunState.COMPLETED, "there was nothing to do")


async def test_items_are_found_by_an_attempt_of_the_parent() -> None:
    async with FakeEngine(a_batch(source=FOUND)) as engine:
        await engine.start()
        search = engine.hands.process()
        assert search.order.ref.step == ITEMS
        assert (await parent(engine)).state is RunState.RUNNING

        search.items = ["x", "y"]
        search.end(0)
        await engine.settle()

        assert living(engine) == ["x", "y"]
        await end_all(engine)
        assert (await parent(engine)).state is RunState.COMPLETED


async def test_a_search_that_fails_is_tried_again_and_then_fails_the_run() -> None:
    retry = Retry(attempts=2)
    async with FakeEngine(a_batch(source=FOUND, retry=retry)) as engine:
        await engine.start()
        engine.hands.process().end(2)
        await engine.settle()
        assert (await parent(engine)).state is RunState.RETRYING

        await engine.clock.advance(10)
        engine.hands.process().end(2)
        await engine.settle()

        run = await parent(engine)
        assert (run.state, run.exit_code) == (RunState.FAILED, 2)
        assert run.children is None
        assert run.message == "its items: exit code 2 on attempt 2 of 2"


async def test_more_items_than_may_be_start_nothing() -> None:
    async with FakeEngine(a_batch(source=FOUND, max_items=2)) as engine:
        await engine.start()
        engine.hands.process().items = ["a", "b", "c"]
        engine.hands.process().end(0)
        await engine.settle()

        run = await parent(engine)
        assert (run.state, run.message) == (RunState.FAILED, "there are more than 2 items (max_items)")
        assert len(engine.hands.processes) == 1


async def test_children_share_a_pool_of_one_place_which_the_parent_does_not_take() -> None:
    limits = Concurrency(pool="db")
    async with FakeEngine(a_batch("a", "b", "c", limits=limits), pools={"db": 1}) as engine:
        await engine.start()
        assert living(engine) == ["a"]
        waiting = (await children(engine))[1]
        assert waiting.is_queued
        assert "1 of 1 places taken by backup.1.1" in waiting.message

        assert await end_all(engine) == ["a", "b", "c"]

        assert (await parent(engine)).state is RunState.COMPLETED
        assert not engine.board.room.pool_uses()[0].taken


async def test_a_parent_takes_none_of_the_places_of_max_running() -> None:
    async with FakeEngine(a_batch("a", "b"), max_running=1) as engine:
        await engine.start()
        assert living(engine) == ["a"]
        assert await end_all(engine) == ["a", "b"]
        assert (await parent(engine)).state is RunState.COMPLETED


async def test_a_child_is_tried_again_while_others_go_on() -> None:
    async with FakeEngine(a_batch("a", "b", at_once=1, retry=Retry(attempts=2))) as engine:
        await engine.start()
        engine.hands.process().end(1)
        await engine.settle()
        run = await parent(engine)
        assert (run.state, run.children) == (RunState.RUNNING, Children(pending=1, running=1))

        await engine.clock.advance(10)
        assert living(engine) == ["a"]
        await end_all(engine)

        assert (await parent(engine)).state is RunState.COMPLETED
        assert len((await children(engine))[0].attempts) == 2


async def test_a_cancel_ends_the_children_and_lets_no_more_begin() -> None:
    async with FakeEngine(a_batch("a", "b", "c", at_once=2)) as engine:
        await engine.start()
        await engine.operations.cancel("backup.1")
        await engine.settle()
        assert len(engine.hands.terminated) == 2

        for process in engine.hands.processes:
            process.end(signal=15)
        await engine.settle()

        run = await parent(engine)
        assert (run.state, run.children) == (RunState.CANCELLED, Children(cancelled=3))
        assert len(engine.hands.processes) == 2


async def test_a_child_can_be_cancelled_alone_and_not_be_retried_alone() -> None:
    async with FakeEngine(a_batch("a", "b")) as engine:
        await engine.start()
        await engine.operations.cancel("backup.1.1")
        await engine.settle()
        engine.hands.processes[0].end(signal=15)
        await engine.settle()
        await end_all(engine)

        run = await parent(engine)
        assert (run.state, run.children) == (RunState.FAILED, Children(completed=1, cancelled=1))
        with pytest.raises(Conflict, match=r"retry backup\.1 instead") as refused:
            await engine.operations.retry("backup.1.1")
        assert refused.value.reason == "child"


async def test_a_retry_works_on_what_has_not_completed() -> None:
    async with FakeEngine(a_batch("a", "b", "c", "d", at_once=2)) as engine:
        await engine.start()
        engine.hands.processes[0].end(0)
        await engine.settle()
        engine.hands.processes[1].end(1)
        await engine.settle()
        await engine.operations.cancel("backup.1")
        for process in engine.hands.processes:
            if process.ended is None:
                process.end(signal=15)
        await engine.settle()

        again = await engine.operations.retry("backup.1")
        await engine.settle()

        assert again.retry_of == "backup.1"
        assert await end_all(engine) == ["b", "c", "d"]
        assert (await parent(engine, 2)).children == Children(completed=3)


async def test_a_new_daemon_goes_on_with_the_same_children() -> None:
    async with FakeEngine(a_batch(*"abcd", at_once=2)) as engine:
        await engine.start()
        engine.hands.processes[0].end(0)
        await engine.kill()  # before anybody heard of it

        await engine.restart()

        assert living(engine) == ["b", "c"]
        run = await parent(engine)
        assert run.children == Children(pending=1, running=2, completed=1)
        await end_all(engine)
        assert [each.order.env["ITEM"] for each in engine.hands.processes] == ["a", "b", "c", "d"]
        assert (await parent(engine)).children == Children(completed=4)


async def test_a_new_daemon_counts_what_the_ledger_has_of_the_children() -> None:
    async with FakeEngine(a_batch("a", "b")) as engine:
        await engine.start()
        stored = await engine.store.run("backup", 1)
        assert stored is not None
        await engine.kill()
        wrong = Children(pending=7)
        await engine.store.save(stored, parent=_with(stored, wrong))

        await engine.restart()

        assert (await parent(engine)).children == Children(running=2)


async def test_a_new_daemon_ends_what_was_to_be_cancelled() -> None:
    async with FakeEngine(a_batch(*"abc", at_once=1)) as engine:
        await engine.start()
        await engine.operations.cancel("backup.1")
        await engine.restart()
        engine.hands.process().end(signal=15)
        await engine.settle()

        assert (await parent(engine)).state is RunState.CANCELLED
        assert len(engine.hands.processes) == 1


async def test_children_that_can_not_be_stored_begin_when_the_ledger_takes_them() -> None:
    async with FakeEngine(a_batch("a", "b", at_once=1)) as engine:
        await engine.start()
        engine.store.broken = Unavailable("the disk is full")
        engine.hands.process().end(0)
        await engine.clock.advance(3)
        assert len(engine.hands.processes) == 1

        engine.store.broken = None
        await engine.clock.advance(2)

        assert living(engine) == ["b"]
        await end_all(engine)
        assert (await parent(engine)).children == Children(completed=2)


async def test_children_that_were_stored_though_nobody_heard_of_it_are_led_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with FakeEngine(a_batch(*"abc", at_once=1)) as engine:
        await engine.start()
        add = engine.store.add_children

        async def add_and_fail(new: Sequence[Run]) -> None:
            await add(new)
            raise OSError("nobody knows whether it is stored")

        with monkeypatch.context() as patched:
            patched.setattr(engine.store, "add_children", add_and_fail)
            engine.hands.process().end(0)
            await engine.settle()
        await engine.clock.advance(11)

        assert await end_all(engine) == ["b", "c"]
        assert (await parent(engine)).children == Children(completed=3)


async def test_when_the_job_is_removed_children_under_way_end_in_peace() -> None:
    async with FakeEngine(a_batch("a", "b", at_once=1)) as engine:
        await engine.start()
        await engine.remove("backup")
        engine.hands.process().end(0)
        await engine.settle()

        run = await engine.store.run("backup", 1)
        assert run is not None
        assert (run.state, run.reason) == (RunState.FAILED, Reason.REMOVED)
        assert run.children == Children(completed=1, cancelled=1)


async def test_while_the_daemon_drains_no_child_begins() -> None:
    async with FakeEngine(a_batch("a", "b", at_once=1)) as engine:
        await engine.start()
        await engine.operations.drain()
        engine.hands.process().end(0)
        await engine.settle()
        assert living(engine) == []
        assert engine.executor.under_way == []

        await engine.operations.undo_drain()
        await engine.settle()

        assert living(engine) == ["b"]
        await end_all(engine)
        assert (await parent(engine)).state is RunState.COMPLETED


async def test_a_batch_whose_children_have_all_ended_ends_also_while_the_daemon_drains() -> None:
    async with FakeEngine(a_batch("a")) as engine:
        await engine.start()
        await engine.operations.drain()
        await end_all(engine)

        assert (await parent(engine)).state is RunState.COMPLETED


async def test_the_ledger_is_asked_for_more_to_do_once_and_not_for_each_child() -> None:
    async with FakeEngine(a_batch(*range(40), at_once=40, max_items=40)) as engine:
        asked: list[int] = []
        read = engine.store.chunks

        async def noted(parent: str, after: int, most: int, *, undone: bool = False) -> Sequence[Chunk]:
            asked.append(after)
            return await read(parent, after, most, undone=undone)

        engine.store.chunks = noted  # type: ignore[method-assign]
        await engine.start()
        await end_all(engine)

        assert asked == [0]
        assert (await parent(engine)).children == Children(completed=40)


def _with(run: Run, counts: Children) -> Run:
    return changed(run, children=counts)
