"""Ends: what is written when a process is gone, and what a runner makes of an earlier one's processes."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from rota.runner.attempt import DRAIN_BYTES, MEMORY, Attempt
from rota.runner.left import OUTPUTS, mask_items, mask_outputs
from rota.runner.mask import Mask, Silence
from rota.runner.secret import mask_again
from rota.runner.tree import Snapshot

if TYPE_CHECKING:
    from rota.runner.protocol import Message
    from rota.runner.record import Records
    from rota.runner.spawn import Spawner
    from rota.runner.system import Process, System

SYNC_ONE_BY_ONE = 3  # ends in a batch from which on one syncfs is cheaper than an fsync each


class Reaper:
    """Writes ends down and makes batches of them durable."""

    def __init__(self, system: System, records: Records) -> None:
        self._system = system
        self._records = records
        self._unsynced: list[tuple[Attempt, int]] = []

    def note(self, attempt: Attempt) -> None:
        """Its first process is gone and more of it lives: the next runner shall know how that ended."""
        try:
            self._records.write_was(attempt.files, attempt.end_message(self._system.now_ms()))
        except OSError:
            return  # only a runner that takes over now would not know

    def finish(self, attempt: Attempt) -> None:
        """The process is gone: read its output to the end, write `exit`. `sync` makes it known."""
        if attempt.fifo >= 0:
            attempt.take_output(self._system, DRAIN_BYTES)
        attempt.end_output(self._system)
        if attempt.mask is not None and attempt.files >= 0:
            mask_outputs(self._system, attempt.files, attempt.mask, attempt.uid)
            mask_items(self._system, attempt.files, attempt.mask, attempt.uid)
        self._close_group(attempt)
        attempt.ended = attempt.end_message(self._system.now_ms())
        if attempt.files >= 0:
            attempt.ended["outputs"] = self._has_outputs(attempt)
            self._write(attempt)
        else:
            self._unsynced.append((attempt, -1))
        attempt.close(self._system)

    def sync(self) -> list[Attempt]:
        """Attempts whose ends are on the disk now, so that the daemon may learn of them."""
        batch, self._unsynced = self._unsynced, []
        written = [fd for _, fd in batch if fd >= 0]
        try:
            if len(written) > SYNC_ONE_BY_ONE:
                self._system.syncfs(self._records.root)
            else:
                for fd in written:
                    self._system.fsync(fd)
        except OSError:
            # The disk refuses: the ends are told all the same, the daemon's ledger is the record.
            pass
        for fd in written:
            self._system.close(fd)
        return [attempt for attempt, _ in batch]

    def _has_outputs(self, attempt: Attempt) -> bool:
        # Most jobs write none, and the daemon need not look for them.
        try:
            self._system.size(OUTPUTS, attempt.files)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # it says itself what is wrong with them
        return True

    def _close_group(self, attempt: Attempt) -> None:
        """Take what the kernel knows of the attempt's control group; then it goes."""
        group = attempt.group
        if group is None:
            return
        # Nobody sees how another runner's child ends, but over its memory a group dies as a whole.
        unseen = attempt.reaped is None and attempt.was is None
        died = unseen or (attempt.reaped is not None and os.WIFSIGNALED(attempt.reaped.status))
        if died and not attempt.cause and group.ran_out_of_memory:
            attempt.cause = MEMORY
        attempt.used = {**(attempt.used or {}), **group.used()}
        group.remove()
        attempt.group = None

    def _write(self, attempt: Attempt) -> None:
        assert attempt.ended is not None
        try:
            fd = self._records.write_exit(attempt.files, attempt.ended)
        except OSError:
            fd = -1
        self._unsynced.append((attempt, fd))


class Successor:
    """Goes through what an earlier runner held."""

    def __init__(
        self, system: System, records: Records, spawner: Spawner, values: dict[str, list[bytes]]
    ) -> None:
        """`values`: secrets by attempt, when this runner itself was the earlier one."""
        self._system = system
        self._values = values
        self._records = records
        self._spawner = spawner
        self._snapshot: Snapshot | None = None

    def take_over(self) -> list[Attempt]:
        """Every attempt still held: live ones with their output open, ended ones with their end."""
        found = []
        for attempt_id, held in self._records.held().items():
            attempt = self._restore(attempt_id, held)
            if attempt is None:
                self._records.release(attempt_id)
            else:
                found.append(attempt)
        return found

    def _restore(self, attempt_id: str, held: Message) -> Attempt | None:
        attempt = Attempt(attempt_id, str(held.get("directory", "")))
        files = self._records.open_attempt(attempt.directory)
        if files is None:
            return None
        attempt.files = files
        attempt.ended = self._records.exit(files)
        pid = self._records.pid(files)
        if pid is not None:
            _fill(attempt, pid)
        if attempt.ended is not None:
            attempt.close(self._system)
            return attempt
        attempt.grace = _whole(held.get("graceMs"), 10_000) / 1000
        attempt.uid = _whole(held.get("uid"), self._system.own_uid())
        attempt.mask = self._mask(attempt, held.get("secrets"))
        self._open_output(attempt, _whole(held.get("output"), 1 << 24))
        if pid is not None and not self._spawner.is_same_host(pid):
            self._abandon(attempt)
            return None
        self._spawner.take_limits(attempt, held)
        if not self._adopt(attempt, self._find(attempt)):
            # What it may have left behind is looked for and ended before its end is told.
            attempt.gone = attempt.adopted = True
            attempt.leads = False
            attempt.gone_at = self._system.now_ms()
            attempt.was = self._records.was(files)
        attempt.inbox = self._spawner.inboxes.open(attempt.id, attempt.uid)
        return attempt

    def _mask(self, attempt: Attempt, places: object) -> Mask | None:
        if not isinstance(places, dict) or not places:
            return None
        if attempt.id in self._values:
            return Mask(self._values[attempt.id])
        process = self._find(attempt)
        environ = b"" if process is None else self._system.environ(process.pid)
        return mask_again(self._system, places, attempt.stamps, environ) or Silence()

    def _open_output(self, attempt: Attempt, limit: int) -> None:
        try:
            self._spawner.open_output(attempt, limit)
        except OSError:
            return  # it died before the FIFO was made
        if attempt.log is not None:
            attempt.log.resume()

    def _abandon(self, attempt: Attempt) -> None:
        # Another boot: the daemon tells what that means, from the boot id it stored.
        if attempt.fifo >= 0:
            self._system.close(attempt.fifo)
        attempt.close(self._system)

    def _find(self, attempt: Attempt) -> Process | None:
        """Its first process, also when the old runner died before it wrote the pid file."""
        if attempt.pid:
            process = self._system.process(attempt.pid)
            return process if process is not None and process.started == attempt.pid_started else None
        if self._snapshot is None:
            self._snapshot = Snapshot(self._system)
        marked = self._snapshot.marked(attempt.id, attempt.uid)
        # Who left its session is younger than it, and so is the session of its own.
        first = min((min(process.pid, process.session) for process in marked), default=0)
        return next((process for process in marked if process.pid == process.session == first), None)

    def _adopt(self, attempt: Attempt, process: Process | None) -> bool:
        if process is None:
            return False
        own_child = process.parent == self._system.own_pid()
        if process.state in "ZX" and not own_child:
            return False
        known = bool(attempt.pid)
        attempt.pid, attempt.pid_started = process.pid, process.started
        attempt.adopted = not own_child
        if attempt.adopted and not self._watch_closely(attempt):
            return False
        if not known:
            attempt.at = self._system.now_ms()
            with suppress(OSError):  # the next one would look for it again
                self._spawner.write_pid(attempt)
        return True

    def _watch_closely(self, attempt: Attempt) -> bool:
        pidfd = self._system.open_process(attempt.pid)
        if pidfd is None:
            return False
        process = self._system.process(attempt.pid)
        if process is None or process.started != attempt.pid_started:
            self._system.close(pidfd)
            return False
        attempt.pidfd = pidfd
        return True


def _fill(attempt: Attempt, pid: Message) -> None:
    attempt.pid = _whole(pid.get("pid"), 0)
    attempt.pid_started = _whole(pid.get("pidStarted"), 0)
    attempt.at = _whole(pid.get("at"), 0)
    stamps = pid.get("secrets")
    attempt.stamps = stamps if isinstance(stamps, dict) else {}
    deadline = pid.get("deadlineMs")
    attempt.deadline = deadline / 1000 if isinstance(deadline, int) else None


def _whole(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise
