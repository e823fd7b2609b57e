"""The daemon's own news: who stores something tells it here, and everyone who shows it listens."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from rota.core.events import Event

Subscriber = Callable[[Event], None]

_log = structlog.get_logger(__name__)


class Bus:
    """Hands each event to every subscriber, in the order of their subscription, on the loop's thread."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """From now on; call the answer to end it (a second call does nothing)."""
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Never raises: a subscriber that fails is logged, and the others still hear of it."""
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(event)
            except Exception as error:
                _log.exception("bus.subscriber_failed", event_type=type(event).__name__, error=str(error))
