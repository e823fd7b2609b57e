"""Everyone who looks: the topics looked at, the logs that are followed, and the news from the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from itertools import count
from typing import Protocol

import structlog
from aiohttp import web

from rota.core.events import Event, LogAppended, RunChanged
from rota.core.instant import to_ms
from rota.core.run import RunState
from rota.web.announcer import Announcer
from rota.web.live_topic import LiveTopic, Source
from rota.web.services import Services
from rota.web.topic_names import LogTopic, TreeTopic
from rota_catalog.catalog import load
from rota_catalog.check import Fault
from rota_catalog.topic import Topic

KEPT_SECONDS = 60.0  # a topic that nobody looks at any more
BEAT_SECONDS = 5.0
CLIENTS = 2000
UNUSED = 200  # topics kept that nobody looks at: everybody may ask for any filter

_log = structlog.get_logger(__name__)

Sources = Callable[[TreeTopic], Source]


class Client(Protocol):
    """One WebSocket, as the hub sees it."""

    def appended(self, topic: str, event: LogAppended) -> None:
        """Lines were added to a log that it follows."""

    def announce(self, level: str, text: str, ref: str) -> None:
        """Something for people to hear of."""

    def beat(self, now_ms: int) -> None:
        """Called every `BEAT_SECONDS`."""

    def stop(self) -> None:
        """The daemon ends."""


class Hub:
    """Owns the topics and the clients; one bad one of either never harms the others."""

    def __init__(self, services: Services, sources: Sources) -> None:
        self._services = services
        self._sources = sources
        self._topics: dict[str, LiveTopic] = {}
        self._epochs = count()
        self._followers: dict[str, set[Client]] = {}
        self._clients: set[Client] = set()
        self._announcer = Announcer(services.clock, self._say)
        self._beating: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Listen to the bus and begin to beat; needs a running loop."""
        self._unsubscribe = self._services.bus.subscribe(self.notice)
        self._beating = asyncio.ensure_future(self._beat())

    def stop(self) -> None:
        """Say goodbye to every client."""
        self._unsubscribe()
        if self._beating is not None:
            self._beating.cancel()
        self._announcer.close()
        for topic in self._topics.values():
            topic.close()
        for client in tuple(self._clients):
            client.stop()

    @property
    def is_full(self) -> bool:
        return len(self._clients) >= CLIENTS

    def join(self, client: Client) -> None:
        self._clients.add(client)

    def leave(self, client: Client) -> None:
        """Forget the client and all that it looked at."""
        self._clients.discard(client)
        for topic in self._topics.values():
            topic.leave(client)
        for topic_name in tuple(self._followers):
            self.unfollow(topic_name, client)

    async def topic(self, wanted: TreeTopic) -> LiveTopic:
        """The topic with a tree that is up to date. Raises NotFound."""
        name = str(wanted)
        known = self._topics.get(name)
        if known is not None:
            await known.refresh()
            return known
        self._make_room()
        # Among the others before it is built: what happens meanwhile must reach it.
        made = self._topics[name] = self._make(name, self._sources(wanted))
        try:
            await made.refresh()
        except BaseException:
            if self._topics.get(name) is made:
                del self._topics[name]
            raise
        return made

    def topic_now(self, name: str) -> LiveTopic | None:
        """The topic if somebody has asked for it lately."""
        return self._topics.get(name)

    def follow(self, topic: LogTopic, client: Client) -> None:
        self._followers.setdefault(str(topic), set()).add(client)

    def unfollow(self, topic: str, client: Client) -> None:
        followers = self._followers.get(topic)
        if followers is not None:
            followers.discard(client)
            if not followers:
                del self._followers[topic]

    def notice(self, event: Event) -> None:
        """News from the bus."""
        if isinstance(event, LogAppended):
            self._append(event)
            return
        if isinstance(event, RunChanged) and event.run.state is RunState.FAILED:
            self._announcer.failed(event.run)
        for topic in tuple(self._topics.values()):
            topic.notice(event)

    def _make(self, name: str, source: Source) -> LiveTopic:
        # A topic that was dropped and is made again counts from 0 again: positions of before must not fit.
        text = f"{self._services.epoch}.{next(self._epochs)}.{name}"
        epoch = sha256(text.encode()).hexdigest()[:8]
        topic = Topic(name, epoch=epoch, catalog=load(), report=partial(_report, name))
        return LiveTopic(name, source=source, topic=topic, clock=self._services.clock)

    def _append(self, event: LogAppended) -> None:
        ref = event.ref
        name = str(LogTopic(job=ref.job, number=ref.number, step=ref.step, attempt=ref.n))
        for client in tuple(self._followers.get(name, ())):
            client.appended(name, event)
        run_topic = f"run/{ref.job}.{ref.number}"
        for topic_name, topic in tuple(self._topics.items()):
            if topic_name.startswith(run_topic):
                topic.notice(event)

    def _say(self, level: str, text: str, ref: str) -> None:
        for client in tuple(self._clients):
            client.announce(level, text, ref)

    async def _beat(self) -> None:
        while True:
            await self._services.clock.sleep(BEAT_SECONDS)
            now_ms = to_ms(self._services.clock.now())
            for client in tuple(self._clients):
                client.beat(now_ms)
            self._drop_unused()

    def _drop_unused(self) -> None:
        before = self._services.clock.monotonic() - KEPT_SECONDS
        for name, topic in self._unused():
            if topic.used_at < before:
                self._drop(name)

    def _make_room(self) -> None:
        if len(self._topics) < UNUSED:
            return
        unused = sorted(self._unused(), key=lambda item: item[1].used_at)
        for name, _ in unused[: max(0, len(unused) - UNUSED + 1)]:
            self._drop(name)

    def _unused(self) -> list[tuple[str, LiveTopic]]:
        return [(name, topic) for name, topic in self._topics.items() if topic.is_idle]

    def _drop(self, name: str) -> None:
        self._topics.pop(name).close()


HUB = web.AppKey("hub", Hub)


def _report(topic: str, fault: Fault) -> None:
    _log.error(
        "web.element_invalid",
        topic=topic,
        element=fault.id,
        component=fault.component,
        pointer=fault.pointer,
        message=fault.message,
    )
