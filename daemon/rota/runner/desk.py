"""What each message means: the one place that the daemon's words reach."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from rota.runner.attempt import KILLED
from rota.runner.protocol import (
    Invalid,
    Order,
    in_pages,
    in_words,
    is_understood,
    parse_attempt,
    parse_id,
    parse_ledger,
    parse_ref,
    parse_run,
    version_text,
)
from rota.runner.spawn import KNOWN, Refusal
from rota.runner.table import notices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rota.runner.attempt import Attempt
    from rota.runner.link import Link
    from rota.runner.protocol import Message
    from rota.runner.record import Records
    from rota.runner.spawn import Spawner
    from rota.runner.stop import Stopper
    from rota.runner.table import Table

ALIVE_EVERY = 0.005  # seconds
ROOM_AFTER = 0.1  # seconds after which a daemon that is slow to read is looked at again
REMOVED_AT_ONCE = 20  # steps of removing, and one in each turn from then on
INVALID = "EINVAL"


class Desk:
    """Answers one daemon, and anybody's `status`."""

    def __init__(
        self, *, facts: Message, table: Table, records: Records, spawner: Spawner, stopper: Stopper
    ) -> None:
        self._facts = facts
        self.table = table
        self._records = records
        self._spawner = spawner
        self.stopper = stopper
        self._orders: deque[Order] = deque()
        self._removals: deque[Iterator[None]] = deque()
        self._grown: dict[str, Attempt] = {}
        self._alive_at = 0.0  # boot-time clock: when `alive` was last sent
        self.daemon: Link | None = None
        self.displaced: list[Link] = []  # to be closed by the loop
        self.is_asked_to_quit = False
        self._meanings: dict[str, Callable[[Link, Message], None]] = {
            "start": self._start,
            "kill": self._kill,
            "report": self._report,
            "ack": self._ack,
            "remove": self._remove,
            "quit": self._quit,
        }

    @property
    def has_orders(self) -> bool:
        return bool(self._orders)

    @property
    def has_removals(self) -> bool:
        return bool(self._removals)

    def handle(self, link: Link, message: Message) -> bool:
        """Act on one message; False when the connection must end."""
        kind = message.get("type")
        if kind == "hello":
            return self._hello(link, message)
        if kind == "status":
            self._send_table(link, "status")
            return True
        if not link.greeted:
            link.put(_error("hello", "hello comes first"))
            return False
        meaning = self._meanings.get(kind) if isinstance(kind, str) else None
        if meaning is not None:
            try:
                meaning(link, message)
            except Invalid as error:
                link.put(_error("invalid", f"{kind}: {error}"))
            except OSError as error:
                link.put(_error("failed", f"{kind}: {error}"))
        return True

    def start_some(self, most: int) -> list[Attempt]:
        """Carry out up to that many orders; the answer is what lives now."""
        started = []
        while self._orders and most > 0:
            most -= 1
            attempt = self._carry_out(self._orders.popleft())
            if attempt is not None:
                started.append(attempt)
        return started

    def remove_some(self) -> None:
        """Go on with what is too large to be deleted in one turn."""
        if not self._removals:
            return
        removal = self._removals.popleft()
        try:
            if _go_on(removal, 1):
                self._removals.append(removal)
        except OSError as error:
            self._tell(_error("failed", f"remove: {error}"))

    def left(self, link: Link) -> None:
        """That connection is no more."""
        if self.daemon is link:
            self.daemon = None

    def tell_grown(self, attempt: Attempt) -> None:
        """Its log is longer than it was; told by `flush_grown`."""
        self._grown[attempt.id] = attempt

    def extend(self, attempt: Attempt, seconds: float) -> None:
        """As the job asks: from now on it has at least so long."""
        if self._spawner.extend(attempt, seconds):
            self.tell_grown(attempt)

    def flush_grown(self, now: float) -> float | None:
        """Tell what grew, at most every 5 ms; the answer is when to come again, or None.

        A daemon that is slow to read is told later, and then only the newest of each.
        """
        if not self._grown or (self.daemon is not None and self.daemon.is_waiting):
            return now + ROOM_AFTER if self._grown else None
        due = self._alive_at + ALIVE_EVERY
        if now < due:
            return due
        self._alive_at = now
        for attempt in self._grown.values():
            if attempt.ended is None:
                self._tell({"type": "alive", "attempt": attempt.id, "size": attempt.size, **notices(attempt)})
        self._grown.clear()
        return None

    def tell_ended(self, attempt: Attempt) -> None:
        self._tell({"type": "ended", "attempt": attempt.id, "ended": attempt.ended})

    def _hello(self, link: Link, message: Message) -> bool:
        version = message.get("version")
        if not is_understood(version):
            link.put(_error("version", f"this runner speaks {version_text()}, not {version}"))
            return False
        try:
            ledger = parse_ledger(message)
        except Invalid as error:
            link.put(_error("invalid", f"hello: {error}"))
            return False
        known = self._records.ledger()
        if known and ledger and known != ledger and self.table.attempts:
            text = f"this runner holds {len(self.table.attempts)} attempts of the ledger {known}"
            link.put(_error("ledger", text))
            return False
        if ledger and ledger != known:
            try:
                self._records.write_ledger(ledger)
            except OSError as error:
                link.put(_error("failed", f"hello: {error}"))
                return False
        self._accept(link)
        return True

    def _accept(self, link: Link) -> None:
        if self.daemon is not None and self.daemon is not link:
            self.displaced.append(self.daemon)
        # What the older connection had ordered and nobody began is dropped: its daemon orders again.
        self._orders.clear()
        self.daemon = link
        link.greeted = True
        self._send_table(link, "hello")

    def _send_table(self, link: Link, kind: str) -> None:
        for page in self.table.pages():
            link.put({"type": kind, "version": version_text(), **self._facts, **page})

    def _start(self, link: Link, message: Message) -> None:
        try:
            self._orders.append(Order(message))
        except Invalid as error:
            # Somebody waits for the answer to this very order, and would do so for ever.
            attempt = parse_attempt(message)
            link.put(_refused(attempt, INVALID, str(error)))

    def _carry_out(self, order: Order) -> Attempt | None:
        try:
            if order.attempt in self.table.attempts:
                raise Refusal(KNOWN, f"{order.directory} was started before")
            attempt = self._spawner.start(order)
        except Refusal as refusal:
            self._tell(_refused(order.attempt, refusal.code, str(refusal)))
            return None
        self.table.add(attempt)
        self._tell({"type": "started", "attempt": attempt.id, "started": attempt.started_message()})
        return attempt

    def _kill(self, link: Link, message: Message) -> None:
        attempt = self.table.attempts.get(parse_attempt(message))
        if attempt is not None and attempt.ended is None:
            self.stopper.begin(attempt, KILLED, immediately=message.get("immediately") is True)

    def _report(self, link: Link, message: Message) -> None:
        refs = message.get("attempts")
        if not isinstance(refs, list) or not all(isinstance(ref, dict) for ref in refs):
            raise Invalid("attempts must be a list of objects")
        number, names = parse_id(message), [parse_ref(ref) for ref in refs]
        for reports, more in in_pages(self.table.report(*name) for name in names):
            link.put({"type": "found", "id": number, "reports": reports, "more": more})

    def _ack(self, link: Link, message: Message) -> None:
        self.table.forget(parse_attempt(message))

    def _remove(self, link: Link, message: Message) -> None:
        directory = parse_run(message)
        if self.table.holds_any_of(directory):
            return
        removal = self._records.removing(directory)
        # Only of a job that left thousands of files anything is left to do later.
        if _go_on(removal, REMOVED_AT_ONCE):
            self._removals.append(removal)

    def _quit(self, link: Link, message: Message) -> None:
        if not self.table.attempts and not self._orders:
            self.is_asked_to_quit = True

    def _tell(self, message: Message) -> None:
        if self.daemon is not None:
            self.daemon.put(message)


def _go_on(removal: Iterator[None], steps: int) -> bool:
    """Whether more is left to do. Raises OSError."""
    return sum(1 for _ in islice(removal, steps)) == steps


def _error(code: str, message: str) -> Message:
    return {"type": "error", "code": code, "message": in_words(message)}


def _refused(attempt: str, code: str, message: str) -> Message:
    return {"type": "refused", "attempt": attempt, "code": code, "message": in_words(message)}
