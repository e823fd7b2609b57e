"""What waits to be sent to one client: bounded, and never a reason to cut a slow reader off.

A topic has either a short list of frames, or the flag that its reader is behind. Then the frames are dropped,
and what changed since the reader's position is worked out when there is room again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

FRAMES = 32  # of a topic
CONTROLS = 256
CHARACTERS = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A frame of a topic; after it the reader is at `seq` (a tree) or at that raw line (a log)."""

    topic: str
    text: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The reader of that topic needs a merged catch-up."""

    topic: str


@dataclass(slots=True)
class _Queue:
    frames: deque[Waiting] = field(default_factory=deque)
    size: int = 0
    behind: bool = False


class Outbox:
    """Frames for one client in the order in which they should go."""

    def __init__(self) -> None:
        self._control: deque[str] = deque()
        self._control_size = 0
        self._queues: dict[str, _Queue] = {}

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._queues)

    def open(self, topic: str) -> None:
        """From now on the topic's frames are taken; its reader starts behind."""
        self._queues[topic] = _Queue(behind=True)

    def close(self, topic: str) -> None:
        self._queues.pop(topic, None)

    def control(self, text: str) -> None:
        """A frame that belongs to no topic: it goes first. At one too many the oldest are dropped."""
        self._control.append(text)
        self._control_size += len(text)
        while len(self._control) > CONTROLS or self._control_size > CHARACTERS:
            self._take_control()

    def put(self, topic: str, text: str, seq: int) -> None:
        """A frame of a topic; dropped when its reader is behind. At one too many it falls behind."""
        queue = self._queues.get(topic)
        if queue is None or queue.behind:
            return
        queue.frames.append(Waiting(topic=topic, text=text, seq=seq))
        queue.size += len(text)
        if len(queue.frames) > FRAMES or queue.size > CHARACTERS:
            self.fall_behind(topic)

    def fall_behind(self, topic: str) -> None:
        """Drop what waits for the topic: a catch-up will take its place."""
        if topic in self._queues:
            self._queues[topic] = _Queue(behind=True)

    def is_behind(self, topic: str) -> bool:
        queue = self._queues.get(topic)
        return queue is not None and queue.behind

    def caught_up(self, topic: str) -> None:
        """The catch-up was sent; live frames are taken again."""
        queue = self._queues.get(topic)
        if queue is not None:
            queue.behind = False

    def take(self, *, held: bool = False) -> str | Waiting | Behind | None:
        """The next thing to send, or None. While `held`, frames of topics stay."""
        if self._control:
            return self._take_control()
        if held:
            return None
        for topic, queue in self._queues.items():
            if queue.behind or queue.frames:
                self._queues[topic] = self._queues.pop(topic)  # the others come first next time
                return Behind(topic=topic) if queue.behind else _next(queue)
        return None

    def _take_control(self) -> str:
        text = self._control.popleft()
        self._control_size -= len(text)
        return text


def _next(queue: _Queue) -> Waiting:
    frame = queue.frames.popleft()
    queue.size -= len(frame.text)
    return frame
