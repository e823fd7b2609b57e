"""What a change costs: the ledger and the log are read when they have changed, not for progress."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fakes.clock import FakeClock
from fakes.web import Client, MemoryLogs, WebWorld
from rota.core.errors import NotFound
from rota.core.log_page import LogPage
from rota.core.run import Progress, Run, RunState
from rota.core.seams import AttemptRef, RunPage, RunQuery
from rota.web import timeline_source
from rota.web.hub import HUB
from rota.web.live_topic import LiveTopic
from rota.web.topic_names import JobTopic, RunTopic, TimelineTopic


@pytest.fixture
def asked(world: WebWorld, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was read of the ledger and of logs, in order."""
    found: list[str] = []
    run, runs, page = world.store.run, world.store.runs, world.logs.page

    async def read_run(job: str, number: int) -> Run | None:
        found.append(f"run {number}")
        return await run(job, number)

    async def read_runs(query: RunQuery) -> RunPage:
        found.append("runs")
        return await runs(query)

    def read_log(ref: AttemptRef, **settings: Any) -> LogPage:
        found.append("log")
        return page(ref, **settings)

    monkeypatch.setattr(world.store, "run", read_run)
    monkeypatch.setattr(world.store, "runs", read_runs)
    monkeypatch.setattr(MemoryLogs, "page", lambda self, ref, **settings: read_log(ref, **settings))
    return found


async def followed(client: Client, world: WebWorld, topic: RunTopic | JobTopic) -> LiveTopic:
    live = await client.app[HUB].topic(topic)
    live.listen(client, lambda text, seq: None)
    return live


async def advance(world: WebWorld, seconds: float) -> None:
    assert isinstance(world.clock, FakeClock)
    await world.clock.advance(seconds)


async def test_progress_of_a_run_reads_neither_the_ledger_nor_the_log(
    world: WebWorld, client: Client, asked: list[str]
) -> None:
    run = await world.begin()
    live = await followed(client, world, RunTopic(job="backup", number=run.number))
    asked.clear()

    for n in range(1, 4):
        world.progress(run, progress=Progress(current=n, total=4))
        await advance(world, 0.05)

    assert live.tree()["elements"]["progress"]["props"]["value"] == 0.75
    assert asked == []


async def test_lines_of_a_log_reach_the_tree_once_a_second_whatever_else_changes(
    world: WebWorld, client: Client, asked: list[str]
) -> None:
    run = await world.begin()
    live = await followed(client, world, RunTopic(job="backup", number=run.number))
    await live.refresh()
    asked.clear()

    for n in range(1, 31):
        world.print(run, f"line {n}")
        run = world.progress(run, progress=Progress(current=n, total=40))
        await advance(world, 0.1)
        await live.refresh()  # whose read, in a thread, the fake clock would not wait for
    await advance(world, 1.0)
    await live.refresh()

    assert 2 <= asked.count("log") <= 5  # once in each of four seconds and at the end, at most
    assert "line 30" in str(live.tree())


async def test_the_end_of_a_run_brings_the_end_of_its_log_at_once(world: WebWorld, client: Client) -> None:
    run = await world.begin()
    live = await followed(client, world, RunTopic(job="backup", number=run.number))

    world.print(run, "last words", end=True)
    await world.finish(run)
    await live.refresh()

    assert "last words" in str(live.tree())


async def test_a_run_gets_its_link_to_the_next_one_when_that_begins(world: WebWorld, client: Client) -> None:
    run = await world.finish(await world.begin())
    live = await followed(client, world, RunTopic(job="backup", number=run.number))
    assert "link.next" not in live.tree()["elements"]

    await world.begin()
    await live.refresh()

    assert live.tree()["elements"]["link.next"]["props"]["href"] == "/runs/backup.2"


async def test_a_job_page_reads_its_runs_when_one_moved_on_and_not_for_progress(
    world: WebWorld, client: Client, asked: list[str]
) -> None:
    run = await world.begin()
    live = await followed(client, world, JobTopic(job="backup"))
    asked.clear()

    world.progress(run, progress=Progress(current=1, total=2))
    await live.refresh()
    assert asked == []
    await world.finish(replace(run))
    await live.refresh()

    assert asked == ["runs"]
    (table,) = (e for e in live.tree()["elements"].values() if e["type"] == "RunTable")
    assert table["props"]["rows"][0]["state"] == "completed"


async def test_a_run_that_has_not_begun_asks_for_no_further_build(world: WebWorld, client: Client) -> None:
    run = await world.begin(state=RunState.PENDING, attempts=(), started_at=None)
    live = await followed(client, world, RunTopic(job="backup", number=run.number))
    before = live.position

    await live.refresh()
    await advance(world, 5.0)

    assert live.position == before
    assert live._source.owes() is None


async def test_what_happens_while_a_page_is_first_built_is_not_lost(
    world: WebWorld, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await world.begin()
    read = world.store.run
    ended: list[Run] = []

    async def end_meanwhile(job: str, number: int) -> Run | None:
        if not ended:
            ended.append(run)
            ended.append(await world.finish(run))
        return await read(job, number)

    monkeypatch.setattr(world.store, "run", end_meanwhile)
    topic = RunTopic(job="backup", number=run.number)
    first = await client.app[HUB].topic(topic)

    again = await client.app[HUB].topic(topic)

    assert ended
    assert again is first
    assert again.tree()["elements"]["phase"]["props"]["state"] == "completed"


async def test_a_page_that_is_not_there_leaves_no_topic_behind(client: Client) -> None:
    with pytest.raises(NotFound):
        await client.app[HUB].topic(RunTopic(job="backup", number=99))

    assert client.app[HUB].topic_now("run/backup.99") is None


async def test_the_timeline_reads_its_runs_in_parts_and_says_what_it_leaves_out(
    world: WebWorld, client: Client, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline_source, "RUNS", 4)
    monkeypatch.setattr(timeline_source, "_PART", 2)
    for _ in range(3):
        await world.finish(await world.begin(), RunState.FAILED)
    asked.clear()
    live = await client.app[HUB].topic(TimelineTopic())

    assert asked == ["runs", "runs"]
    assert "left out" not in str(live.tree())

    for _ in range(2):
        await world.finish(await world.begin(), RunState.FAILED)
    await advance(world, 3600)
    await live.refresh()

    assert "left out" in str(live.tree())
