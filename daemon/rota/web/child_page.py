"""One page of the children of a run, read at most once a second however many of them change."""

from __future__ import annotations

from rota.core.seams import RunQuery
from rota.views.children import SHOWN, ChildrenView, states_of
from rota.web.services import Services
from rota.web.topic_names import RunTopic

SECONDS = 1.0


class ChildPage:
    """What the topic of the parent chooses of them."""

    def __init__(self, services: Services, topic: RunTopic) -> None:
        self._services = services
        self._topic = topic
        self._view: ChildrenView | None = None
        self._read_at = 0.0
        self._is_old = True

    def outdate(self) -> None:
        """A child has changed."""
        self._is_old = True

    def owes(self) -> float | None:
        """In how many seconds they may be read that have changed already."""
        if not self._is_old or self._view is None:
            return None
        return max(0.0, self._read_at + SECONDS - self._services.clock.monotonic())

    async def read(self) -> ChildrenView:
        """The page as it was at most a second ago."""
        if self._view is not None and self.owes() != 0.0:
            return self._view
        self._is_old = False  # before it is read: what changes meanwhile makes it old again
        topic = self._topic
        query = RunQuery(
            job=f"{topic.job}.{topic.number}",
            states=states_of(topic.state),
            before=topic.before or None,
            limit=SHOWN,
            attempts=False,
        )
        page = await self._services.store.runs(query)
        self._read_at = self._services.clock.monotonic()
        self._view = ChildrenView(page=page, state=topic.state, before=topic.before)
        return self._view
