from __future__ import annotations

import pytest

from fakes.clock import FakeClock
from rota.core.errors import NotFound
from rota.core.events import Event, HealthChanged
from rota.web.frames import Position
from rota.web.live_topic import LiveTopic
from rota_catalog.catalog import load
from rota_catalog.topic import Topic
from rota_catalog.tree import Document, Node, document

EVENT = HealthChanged(key="disk")


class Source:
    """A page with one text, which a test changes or breaks."""

    def __init__(self) -> None:
        self.text = "first"
        self.wait: float | None = 0.0
        self.broken: Exception | None = None
        self.built = 0
        self.owed: float | None = None

    def owes(self) -> float | None:
        return self.owed

    def concerns(self, event: Event) -> float | None:
        return self.wait

    async def build(self) -> Document:
        self.built += 1
        if self.broken is not None:
            raise self.broken
        return document("t", Node(type="Text", id="page", props={"value": self.text}, text=self.text))


class Stage:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.source = Source()
        self.told: list[str] = []
        topic = Topic("t", epoch="0" * 8, catalog=load())
        self.live = LiveTopic("t", source=self.source, topic=topic, clock=self.clock)

    async def listen(self) -> None:
        await self.live.refresh()
        self.live.listen(self, lambda text, _: self.told.append(text))

    async def change(self, text: str) -> None:
        self.source.text = text
        self.live.notice(EVENT)
        await self.clock.settle()

    async def change_again_and_again(self, *, every: float) -> None:
        for n in range(200):
            await self.change(f"text {n}")
            await self.clock.advance(every)

    def build_slowly(self, seconds: float) -> None:
        """From now on each build takes so long."""
        original = self.source.build

        async def build() -> Document:
            await self.clock.sleep(seconds)
            return await original()

        self.source.build = build  # type: ignore[method-assign]


async def test_the_first_change_is_told_at_once_and_the_next_ones_together() -> None:
    stage = Stage()
    await stage.listen()

    await stage.change("second")
    assert len(stage.told) == 1
    await stage.change("third")
    await stage.change("fourth")
    assert len(stage.told) == 1
    await stage.clock.advance(0.05)

    assert len(stage.told) == 2
    assert '"fourth"' in stage.told[1]


async def test_changes_without_end_give_twenty_frames_a_second_though_each_build_takes_time() -> None:
    stage = Stage()
    await stage.listen()
    stage.build_slowly(0.02)

    await stage.change_again_and_again(every=0.005)

    assert 20 <= len(stage.told) <= 21


async def test_a_tree_that_takes_long_to_build_leaves_others_as_much_time() -> None:
    stage = Stage()
    await stage.listen()
    stage.build_slowly(0.25)

    await stage.change_again_and_again(every=0.01)

    assert len(stage.told) == 4


async def test_after_a_silence_frames_do_not_catch_up() -> None:
    stage = Stage()
    await stage.listen()
    await stage.change("second")
    await stage.clock.advance(10)
    told = len(stage.told)

    for n in range(4):
        await stage.change(f"text {n}")

    assert len(stage.told) == told + 1


async def test_without_listeners_nothing_is_built_until_somebody_asks() -> None:
    stage = Stage()
    await stage.live.refresh()
    await stage.change("second")
    assert stage.source.built == 1

    await stage.live.refresh()

    assert stage.source.built == 2


async def test_what_may_wait_waits_and_what_may_not_overtakes_it() -> None:
    stage = Stage()
    await stage.listen()
    stage.source.wait = 1.0
    await stage.change("patient")
    assert stage.told == []
    stage.source.wait = 0.0

    await stage.change("urgent")

    assert len(stage.told) == 1


async def test_an_event_that_changes_nothing_is_not_told() -> None:
    stage = Stage()
    await stage.listen()

    await stage.change("first")

    assert stage.told == []


async def test_a_change_while_the_tree_is_built_is_not_lost() -> None:
    stage = Stage()
    await stage.listen()
    original = stage.source.build

    async def build() -> Document:
        built = await original()
        if stage.source.text == "second":
            stage.source.text = "third"
            stage.live.notice(EVENT)
        return built

    stage.source.build = build  # type: ignore[method-assign]
    await stage.change("second")
    await stage.clock.advance(0.05)

    assert '"third"' in stage.told[-1]


async def test_a_view_that_fails_leaves_the_last_good_tree() -> None:
    stage = Stage()
    await stage.listen()
    stage.source.broken = ZeroDivisionError()
    await stage.change("second")

    assert await stage.live.refresh() is False
    assert stage.live.tree()["elements"]["page"]["text"] == "first"
    stage.source.broken = None
    await stage.clock.advance(1)
    await stage.change("third")
    assert '"third"' in stage.told[-1]


async def test_a_view_that_fails_before_there_is_a_tree_is_an_error() -> None:
    stage = Stage()
    stage.source.broken = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        await stage.live.refresh()


async def test_what_is_no_longer_there_is_told() -> None:
    stage = Stage()
    await stage.listen()
    stage.source.broken = NotFound("There is no job 'backup'.")

    await stage.change("second")

    assert '"gone"' in stage.told[0]


async def test_readers_catch_up_from_wherever_they_are() -> None:
    stage = Stage()
    await stage.listen()
    at = stage.live.position
    assert '"ok"' in stage.live.catch_up(at)
    await stage.change("second")

    assert '"delta"' in stage.live.catch_up(at)
    assert '"snapshot"' in stage.live.catch_up(None)
    assert '"reset"' in stage.live.catch_up(Position(epoch="f" * 8, seq=1))


async def test_what_a_page_left_out_follows_when_it_may() -> None:
    stage = Stage()
    await stage.listen()
    stage.source.owed = 0.8
    await stage.change("second")
    built, stage.source.text, stage.source.owed = stage.source.built, "whole", None

    await stage.clock.advance(0.7)
    assert stage.source.built == built
    await stage.clock.advance(0.1)

    assert '"whole"' in stage.told[-1]


async def test_who_asks_gets_what_the_last_page_left_out() -> None:
    stage = Stage()
    stage.source.owed = 0.8
    await stage.live.refresh()
    stage.source.text = "whole"

    await stage.live.refresh()

    assert stage.live.tree()["elements"]["page"]["props"]["value"] == "whole"
