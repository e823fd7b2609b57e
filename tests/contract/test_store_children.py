"""What every store promises of the children of a run: the one in memory and the ledger on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from fakes.recorded import NOON
from rota.core.batch import Chunk
from rota.core.run import Attempt, Children, Progress, Run, RunState, TriggeredBy
from rota.core.seams import RunQuery, Store


async def a_parent(store: Store, *items: object, job: str = "import") -> Run:
    run = Run(
        job=job,
        number=0,
        state=RunState.RUNNING,
        triggered_by=TriggeredBy.MANUAL,
        created_at=NOON,
        children=Children(pending=len(items)),
    )
    (stored,) = await store.add([run])
    assert stored is not None
    await store.save_chunks(stored.id, 1, chunks(*items))
    return stored


def chunks(*items: object, first: int = 1) -> Sequence[Chunk]:
    return [Chunk(place=place, items=(item,)) for place, item in enumerate(items, start=first)]


def a_child(parent: Run, place: int, state: RunState = RunState.PENDING) -> Run:
    return Run(
        job=parent.job,
        parent=parent.number,
        number=place,
        state=state,
        items=("x",),
        triggered_by=TriggeredBy.BATCH,
        created_at=NOON + timedelta(seconds=place),
        attempts=(Attempt(id=f"{parent.id}.{place}", created_at=NOON),),
    )


async def test_children_are_found_by_the_id_of_their_parent_and_by_nothing_else(store: Store) -> None:
    parent = await a_parent(store, "a", "b")
    other = await a_parent(store, "a")
    await store.add_children([a_child(parent, 1), a_child(parent, 2), a_child(other, 1)])

    found = await store.runs(RunQuery(job="import.1"))
    assert [run.id for run in found.runs] == ["import.1.2", "import.1.1"]
    assert found.runs[0].attempts[0].id == "import.1.2"
    assert (await store.run("import.1", 2)) == found.runs[0]
    assert [run.id for run in (await store.runs(RunQuery())).runs] == ["import.2", "import.1"]
    assert [run.id for run in (await store.runs(RunQuery(job="import"))).runs] == ["import.2", "import.1"]
    assert [run.id for run in await store.unfinished()] == ["import.1", "import.2"]


async def test_a_child_is_stored_with_what_it_changes_of_its_parent_and_no_more(store: Store) -> None:
    parent = await a_parent(store, "a")
    child = a_child(parent, 1)
    await store.add_children([child])
    asked = replace(parent, cancel_requested_at=NOON)
    await store.save(asked)

    counted = replace(parent, children=Children(running=1), progress=Progress(total=1), message="1 running")
    await store.save(replace(child, state=RunState.RUNNING, started_at=NOON), parent=counted)

    stored = await store.run("import", 1)
    assert stored is not None
    assert (stored.children, stored.message) == (Children(running=1), "1 running")
    assert stored.cancel_requested_at == NOON
    await store.save(replace(stored, warnings=("late",)))
    again = await store.run("import", 1)
    assert again is not None
    assert (again.children, again.warnings) == (Children(running=1), ("late",))


async def test_ends_of_children_are_no_ends_of_their_job(store: Store) -> None:
    parent = await a_parent(store, "a")
    await store.add_children([a_child(parent, 1)])
    await store.save(replace(a_child(parent, 1), state=RunState.FAILED, ended_at=NOON))

    assert await store.bars(10) == {}
    assert await store.ends("import", NOON - timedelta(days=1)) == []
    assert (await store.latest("import")) == parent


async def test_chunks_are_read_in_pages_and_written_anew_from_a_place_on(store: Store) -> None:
    parent = await a_parent(store, "a", {"n": 1}, "c", "d")

    assert [chunk.items for chunk in await store.chunks(parent.id, 1, 2)] == [({"n": 1},), ("c",)]

    await store.save_chunks(parent.id, 3, chunks("z", first=3))
    assert await store.chunks(parent.id, 0, 9) == [*chunks("a", {"n": 1}), *chunks("z", first=3)]


async def test_undone_are_the_chunks_whose_child_has_not_completed(store: Store) -> None:
    parent = await a_parent(store, *"abcde")
    states = [RunState.COMPLETED, RunState.FAILED, RunState.SKIPPED, RunState.CANCELLED]
    await store.add_children([a_child(parent, n, state) for n, state in enumerate(states, start=1)])

    undone = await store.chunks(parent.id, 0, 9, undone=True)

    assert [chunk.place for chunk in undone] == [2, 4, 5]
    assert [chunk.place for chunk in await store.chunks(parent.id, 2, 1, undone=True)] == [4]


async def test_what_is_known_of_children_after_a_start(store: Store) -> None:
    parent = await a_parent(store, *"abcd")
    await store.add_children([a_child(parent, 1, RunState.COMPLETED), a_child(parent, 2)])
    await store.add_children([a_child(parent, 3, RunState.RUNNING)])

    known = await store.known_children(parent.id)

    assert [run.number for run in known.open] == [2, 3]
    assert known.open[0].attempts
    assert dict(known.states) == {RunState.COMPLETED: 1, RunState.PENDING: 1, RunState.RUNNING: 1}
    assert (known.begun, known.chunks) == (3, 4)


async def test_children_are_renamed_with_their_parent(store: Store) -> None:
    parent = await a_parent(store, "a", "b")
    other = await a_parent(store, "a", job="import-2")
    await store.add_children([a_child(parent, 1), a_child(other, 1)])
    await store.save(replace(a_child(parent, 1), state=RunState.COMPLETED, ended_at=NOON))
    await store.save(replace(parent, state=RunState.FAILED, ended_at=NOON))

    assert await store.rename("import", "load")

    child = await store.run("load.1", 1)
    assert child is not None
    assert (child.id, child.log_name, len(child.attempts)) == ("load.1.1", "import.1", 1)
    assert await store.run("import.1", 1) is None
    assert await store.run("import-2.1", 1) is not None
    assert [chunk.place for chunk in await store.chunks("load.1", 0, 9, undone=True)] == [2]
