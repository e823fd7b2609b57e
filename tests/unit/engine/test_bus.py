from __future__ import annotations

from structlog.testing import capture_logs

from rota.core.events import Event, JobChanged
from rota.engine.bus import Bus

NEWS = JobChanged(job="backup")


def test_every_subscriber_hears_every_event() -> None:
    bus = Bus()
    first: list[Event] = []
    second: list[Event] = []
    bus.subscribe(first.append)
    bus.subscribe(second.append)

    bus.publish(NEWS)

    assert first == second == [NEWS]


def test_a_subscriber_that_fails_does_not_keep_the_news_from_the_others() -> None:
    bus = Bus()
    heard: list[Event] = []

    def broken(event: Event) -> None:
        raise RuntimeError("no")

    bus.subscribe(broken)
    bus.subscribe(heard.append)

    with capture_logs() as logs:
        bus.publish(NEWS)

    assert heard == [NEWS]
    assert [entry["event"] for entry in logs] == ["bus.subscriber_failed"]


def test_who_has_unsubscribed_hears_no_more() -> None:
    bus = Bus()
    heard: list[Event] = []
    unsubscribe = bus.subscribe(heard.append)

    unsubscribe()
    unsubscribe()
    bus.publish(NEWS)

    assert heard == []


def test_a_subscriber_may_leave_while_it_hears() -> None:
    bus = Bus()
    heard: list[Event] = []

    def once(event: Event) -> None:
        heard.append(event)
        leave()

    leave = bus.subscribe(once)
    bus.subscribe(heard.append)

    bus.publish(NEWS)

    assert heard == [NEWS, NEWS]
