"""What a client's outbox turns into, without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakes.web import WebWorld, settle
from rota.core.errors import NotFound
from rota.core.run import Progress, Run
from rota.web.hub import Hub
from rota.web.live import _log_reader
from rota.web.live_client import LiveClient
from rota.web.outbox import FRAMES
from rota.web.services import SERVICES
from rota.web.sources import TreeSources
from rota.web.topic_names import LogTopic, OverviewTopic


class Stage:
    """A hub, a client that reads when it is told to, and a world behind them."""

    def __init__(self) -> None:
        self.world = WebWorld()
        services = self.world.app()[SERVICES]
        self.hub = Hub(services, TreeSources(services))
        self.world.bus.subscribe(self.hub.notice)
        self.client = LiveClient(self.hub, _log_reader(services), self.world.clock.monotonic)

    async def watch(self) -> None:
        live = await self.hub.topic(OverviewTopic())
        self.client.watch(live, live.position)
        assert (await self.read())["t"] == "ok"

    async def read(self) -> Any:
        text = await self.client.next_frame()
        assert text is not None
        return json.loads(text)

    async def move(self, run: Run, current: float) -> None:
        self.world.progress(run, progress=Progress(current=current, total=1000))
        await self.world.clock.advance(0.05)  # type: ignore[attr-defined]
        await settle()


async def test_a_reader_that_does_not_read_gets_one_merged_catch_up() -> None:
    stage = Stage()
    await stage.watch()
    run = await stage.world.begin()
    await settle()
    before = await stage.read()
    for current in range(FRAMES + 5):
        await stage.move(run, current)

    frame = await stage.read()

    assert frame["t"] == "delta"
    assert frame["base"] == before["seq"]
    bar = next(op for op in frame["ops"] if op["path"] == "/elements/running.backup.1")
    assert bar["value"]["props"]["current"] == FRAMES + 4


async def test_after_the_catch_up_frames_join_on() -> None:
    stage = Stage()
    await stage.watch()
    run = await stage.world.begin()
    for current in range(FRAMES + 5):
        await stage.move(run, current)
    merged = await stage.read()
    await stage.move(run, 500)

    frame = await stage.read()

    assert frame["base"] == merged["seq"]


async def test_a_log_reader_that_fell_behind_reads_on_from_the_file() -> None:
    stage = Stage()
    run = await stage.world.begin()
    stage.client.follow(LogTopic(job="backup", number=1, step="main", attempt=1), 0)
    stage.world.print(run, "first")
    assert (await stage.read())["next"] == 1
    for n in range(FRAMES + 5):
        stage.world.print(run, f"line {n}")

    frame = await stage.read()

    assert (frame["from"], frame["next"]) == (1, 1 + FRAMES + 5)


async def test_lines_that_came_while_the_backlog_was_read_are_not_lost() -> None:
    stage = Stage()
    run = await stage.world.begin()
    stage.world.print(run, "before")
    stage.client.follow(LogTopic(job="backup", number=1, step="main", attempt=1), 0)
    original = stage.client._read_log

    async def slowly(topic: LogTopic, start: int | None, limit: int) -> Any:
        page = await original(topic, start, limit)
        if start == 0:
            stage.world.print(run, "meanwhile")
        return page

    stage.client._read_log = slowly

    first, second = await stage.read(), await stage.read()

    assert [line["text"] for frame in (first, second) for line in frame["lines"]] == ["before", "meanwhile"]


async def test_lines_hidden_between_two_are_no_gap() -> None:
    stage = Stage()
    run = await stage.world.begin()
    stage.client.follow(LogTopic(job="backup", number=1, step="main", attempt=1), 0)
    stage.world.print(run, "shown")
    await stage.read()
    stage.world.logs.write(
        stage.world.ref(run, run.attempts[-1]), "::progress 1/2", at=stage.world.clock.now()
    )
    stage.world.print(run, "shown too")

    frame = await stage.read()

    assert (frame["from"], frame["next"], len(frame["lines"])) == (1, 3, 1)


@pytest.mark.parametrize(
    ("trouble", "kind"), [(NotFound("it was removed"), "gone"), (PermissionError("not ours"), "error")]
)
async def test_a_log_that_can_not_be_read_harms_no_other_topic(trouble: Exception, kind: str) -> None:
    stage = Stage()
    await stage.watch()
    await stage.world.begin()
    await settle()
    await stage.read()

    async def fail(topic: LogTopic, start: int | None, limit: int) -> Any:
        raise trouble

    stage.client._read_log = fail
    stage.client.follow(LogTopic(job="backup", number=1, step="main", attempt=1), 0)

    frame = await stage.read()

    assert (frame["t"], frame["topic"]) == (kind, "log/backup.1/main.1")
    assert stage.client.topics == {"overview"}
