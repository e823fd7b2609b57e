"""The one loop: waits for sockets, FIFOs, children, signals and deadlines, and lets the parts act."""

from __future__ import annotations

import select
import signal
import socket
from typing import TYPE_CHECKING

from rota.runner.attempt import TIMEOUT, WATCHDOG
from rota.runner.link import Link, peer_uid
from rota.runner.protocol import Garbled

if TYPE_CHECKING:
    from collections.abc import Callable

    from rota.runner.attempt import Attempt
    from rota.runner.desk import Desk
    from rota.runner.reap import Reaper
    from rota.runner.system import Reaped, System

STARTS_AT_ONCE = 8  # orders carried out before the loop looks at everything else again
PACKETS_AT_ONCE = 16
RUSH = 0.02  # seconds after many starts in which more are expected
MANY = 32  # live processes: with fewer, ends are told at once, since others may wait for their places
ENDS_WAIT = 0.1  # seconds that ends wait for a rush to pass, at most: writing them down waits for the disk
LONGEST_WAIT = 86_400.0  # seconds
_IN = select.EPOLLIN


class Loop:
    """Serves until SIGTERM, SIGINT or `quit` (`run` says `end`), or SIGHUP (`reload`)."""

    def __init__(
        self, *, system: System, listener: socket.socket, uids: frozenset[int], desk: Desk, reaper: Reaper
    ) -> None:
        self._system = system
        self._listener = listener
        self._uids = uids
        self._table = desk.table
        self._desk = desk
        self._reaper = reaper
        self._stopper = desk.stopper
        self._orphans = desk.stopper.orphans
        self._epoll = select.epoll()
        self._ready: dict[int, Callable[[], None]] = {}
        self._links: dict[int, Link] = {}
        self._stuck: set[int] = set()  # connections that have no room for now
        self._deadlines: dict[str, Attempt] = {}  # live ones with a timeout or a watchdog
        self._next_deadline: float | None = None
        self._again: float | None = None  # boot-time instant at which `alive` is due
        self._reap_by: float | None = None  # boot-time instant: children have ended and wait until then
        self._rush_ends = 0.0  # boot-time instant
        self._end = ""
        self._wake, self._wake_write = socket.socketpair()

    def run(self) -> str:
        """Serve; answers `end` or `reload`. All sockets and FIFOs stay open."""
        self._prepare_signals()
        self._listener.setblocking(False)
        self._watch(self._listener.fileno(), self._accept)
        self._watch(self._wake.fileno(), self._drain_wake)
        self._reap()
        self._step()  # ends that an earlier runner did not see are known before anybody asks
        while not self._end:
            self._wait()
            self._step()
        self._flush()
        return self._end

    def hold(self, attempt: Attempt) -> None:
        """Watch an attempt: its output, its deadline, and its process when it is no child of ours."""
        if attempt.ended is not None:
            self._let_go(attempt)
            return
        if attempt.gone:
            self._stopper.clear(attempt)
        if attempt.fifo >= 0:
            self._watch(attempt.fifo, lambda: self._read_output(attempt))
        if attempt.inbox is not None:
            self._watch(attempt.inbox.connection.fileno(), lambda: self._read_notices(attempt))
        if attempt.pidfd >= 0:
            self._watch(attempt.pidfd, lambda: self._gone(attempt, calm=True))
        overdue_at = attempt.overdue_at()
        if overdue_at is not None and not attempt.gone:
            self._deadlines[attempt.id] = attempt
            if self._next_deadline is None or overdue_at < self._next_deadline:
                self._next_deadline = overdue_at

    def _wait(self) -> None:
        for fd, _ in self._epoll.poll(self._patience()):
            ready = self._ready.get(fd)
            if ready is not None:
                ready()

    def _patience(self) -> float:
        """Seconds that nothing is due; -1 for ever."""
        if self._desk.has_orders or self._desk.has_removals:
            return 0
        reap_at = None if self._reap_by is None else min(self._reap_by, self._rush_ends)
        times = (self._next_deadline, self._stopper.next_at(), self._again, reap_at)
        soonest = min((at for at in times if at is not None), default=None)
        if soonest is None:
            return -1
        # Never rounded down to a busy loop: epoll counts milliseconds, and no more than fit an int.
        return min(LONGEST_WAIT, max(0.0, soonest - self._system.boottime() + 0.0005))

    def _step(self) -> None:
        self._start()
        self._reap_waiting()
        self._end_overdue()
        self._desk.remove_some()
        for attempt in self._stopper.look():
            self._finish(attempt)
        for attempt in self._reaper.sync():
            self._desk.tell_ended(attempt)
        self._again = self._desk.flush_grown(self._system.boottime())
        self._flush()
        if self._desk.is_asked_to_quit:
            self._end = "end"

    def _end_overdue(self) -> None:
        if self._next_deadline is None:
            return
        now = self._system.boottime()
        if now < self._next_deadline:
            return
        self._reap()
        for attempt in list(self._deadlines.values()):
            overdue_at = attempt.overdue_at()
            if overdue_at is not None and overdue_at <= now:
                del self._deadlines[attempt.id]
                self._stopper.begin(attempt, TIMEOUT if attempt.has_timed_out(now) else WATCHDOG)
        left = [each.overdue_at() for each in self._deadlines.values()]
        self._next_deadline = min((at for at in left if at is not None), default=None)

    def _start(self) -> None:
        started = self._desk.start_some(STARTS_AT_ONCE)
        for attempt in started:
            self.hold(attempt)
        if len(started) == STARTS_AT_ONCE and len(self._table.first_pids()) > MANY:
            self._rush_ends = self._system.boottime() + RUSH

    def _reap_waiting(self) -> None:
        if self._reap_by is not None and self._system.boottime() >= min(self._reap_by, self._rush_ends):
            self._reap()

    def _reap(self) -> None:
        self._reap_by = None
        gone = []
        while (reaped := self._system.wait()) is not None:
            attempt = self._table.pop_child(reaped.pid)
            if attempt is not None:
                attempt.reaped = reaped
                attempt.count(reaped.used)
                gone.append(attempt)
            else:
                self._reap_orphan(reaped)
        calm = not gone or self._orphans.look()
        for attempt in gone:
            self._gone(attempt, calm=calm)

    def _reap_orphan(self, reaped: Reaped) -> None:
        owner = self._orphans.reaped(reaped.pid)
        if owner is None:
            return
        owner.count(reaped.used)
        if self._stopper.is_ending(owner):
            self._stopper.look_soon(owner)

    def _gone(self, attempt: Attempt, *, calm: bool) -> None:
        attempt.gone = True
        attempt.gone_at = self._system.now_ms()
        self._deadlines.pop(attempt.id, None)
        if attempt.pidfd >= 0:
            self._forget(attempt.pidfd)
        if attempt.cause:
            self._stopper.look_soon(attempt)
        elif self._may_live_on(attempt) or not calm:
            self._reaper.note(attempt)
            self._stopper.clear(attempt)
        else:
            self._finish(attempt)

    def _may_live_on(self, attempt: Attempt) -> bool:
        # The orphans of another's child are another's too: only a search tells whether there are any.
        in_group = attempt.group is not None and attempt.group.is_populated
        return attempt.adopted or in_group or bool(self._orphans.of(attempt))

    def _finish(self, attempt: Attempt) -> None:
        if attempt.inbox is not None:
            attempt.inbox.take_rest(self._system, size=attempt.size, mask=attempt.mask)
            self._forget(attempt.inbox.connection.fileno())
        self._orphans.ended(attempt)
        self._reaper.finish(attempt)
        self._let_go(attempt)

    def _let_go(self, attempt: Attempt) -> None:
        if attempt.fifo < 0:
            return
        if attempt.at_end:
            self._close_output(attempt)
        else:
            # Something the job left behind still holds the FIFO: it must never block on it.
            self._watch(attempt.fifo, lambda: self._discard(attempt))

    def _read_output(self, attempt: Attempt) -> None:
        if attempt.take_output(self._system):
            self._desk.tell_grown(attempt)
        if attempt.at_end:
            self._forget(attempt.fifo)

    def _read_notices(self, attempt: Attempt) -> None:
        if attempt.inbox is None:
            return
        heard = attempt.inbox.take(self._system, size=attempt.size, mask=attempt.mask)
        if heard.is_alive:
            attempt.sign_at = self._system.boottime()
        if heard.extension:
            self._desk.extend(attempt, heard.extension)
        if heard.is_news:
            self._desk.tell_grown(attempt)
        if heard.is_hung:
            self._stopper.begin(attempt, WATCHDOG)

    def _discard(self, attempt: Attempt) -> None:
        try:
            data = self._system.read(attempt.fifo, 65536)
        except BlockingIOError:
            return
        if not data:
            self._close_output(attempt)

    def _close_output(self, attempt: Attempt) -> None:
        self._forget(attempt.fifo)
        self._system.close(attempt.fifo)
        attempt.fifo = -1

    # connections

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it went away again, or there is no descriptor left; the next one tries again
        if peer_uid(connection) not in self._uids:
            connection.close()
            return
        connection.setblocking(False)
        link = Link(self._system, connection)
        self._links[connection.fileno()] = link
        self._watch(connection.fileno(), lambda: self._receive(link))

    def _receive(self, link: Link) -> None:
        for _ in range(PACKETS_AT_ONCE):
            try:
                messages = link.receive()
            except BlockingIOError:
                return
            except Garbled as error:
                link.put({"type": "error", "code": "garbled", "message": str(error)})
                messages = None
            if messages is None or not all(self._desk.handle(link, message) for message in messages):
                self._drop(link)
                return
            self._drop_displaced()
            if self._desk.has_orders:
                return  # the first of them begin before more are read

    def _drop_displaced(self) -> None:
        while self._desk.displaced:
            self._drop(self._desk.displaced.pop())

    def _drop(self, link: Link) -> None:
        fd = link.connection.fileno()
        if fd < 0:
            return
        link.flush()
        self._desk.left(link)
        self._links.pop(fd, None)
        self._stuck.discard(fd)
        self._forget(fd)
        link.close()

    def _flush(self) -> None:
        for fd, link in list(self._links.items()):
            if not link.flush():
                self._drop(link)
            else:
                self._listen_for_room(fd, link)

    def _listen_for_room(self, fd: int, link: Link) -> None:
        if link.is_waiting != (fd in self._stuck):
            self._stuck ^= {fd}
            self._epoll.modify(fd, _IN | (select.EPOLLOUT if link.is_waiting else 0))

    # epoll and signals

    def _watch(self, fd: int, ready: Callable[[], None]) -> None:
        if fd not in self._ready:
            self._epoll.register(fd, _IN)
        self._ready[fd] = ready

    def _forget(self, fd: int) -> None:
        if self._ready.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def _prepare_signals(self) -> None:
        for end in (self._wake, self._wake_write):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)

    def _drain_wake(self) -> None:
        signals = self._wake.recv(4096)
        if signal.SIGCHLD in signals and self._reap_by is None:
            self._reap_by = self._system.boottime() + ENDS_WAIT
        if signal.SIGTERM in signals or signal.SIGINT in signals:
            self._end = "end"
        elif signal.SIGHUP in signals:
            self._end = "reload"
