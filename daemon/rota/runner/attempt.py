"""One attempt that the runner holds: a live process, or an end that nobody has acknowledged yet."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rota.runner.cgroup import Group
    from rota.runner.log import LogWriter
    from rota.runner.mask import Mask
    from rota.runner.notify import Inbox
    from rota.runner.protocol import Message
    from rota.runner.switch import Manner
    from rota.runner.system import Process, Reaped, System

TIMEOUT = "timeout"
WATCHDOG = "watchdog"
MEMORY = "memory"
KILLED = "killed"
DRAIN_BYTES = 2 * 1024 * 1024  # more than a pipe can hold


class Attempt:
    """What is known of it. `ended` is set once, last."""

    # What not every attempt has.
    mask: Mask | None = None  # when it has secrets
    inbox: Inbox | None = None  # its NOTIFY_SOCKET
    group: Group | None = None
    watchdog: float | None = None  # seconds
    manner: Manner | None = None  # as whom it was started, when that is not simply as the runner
    uid = -1  # of its user

    def __init__(self, attempt: str, directory: str) -> None:
        self.id = attempt
        self.directory = directory
        self.files = -1  # its directory, opened
        self.fifo = -1
        self.at_end = False  # nobody writes to the FIFO any more
        self.log: LogWriter | None = None
        self.stamps: dict[str, str] = {}  # of the files of its secrets, by variable
        self.pid = 0
        self.pid_started = 0
        self.at = 0  # started, ms
        self.leads = True  # its session is surely its own: nobody else can have been given its pid
        self.adopted = False  # somebody else's child: its status can't be known
        self.pidfd = -1
        self.deadline: float | None = None  # boot-time clock
        self.deadline_kept = 0.0  # what the pid file says of it
        self.grace = 10.0
        self.cause = ""  # why we end it, once we do
        self.ask_at = 0.0  # boot-time clock: SIGTERM from then on
        self.is_asked = False  # SIGTERM was sent
        self.kill_at: float | None = None  # boot-time clock: SIGKILL from then on
        self.seen: set[tuple[int, int]] = set()  # pid and start time of members found while ending it
        self.left_behind: set[int] = set()  # what outlived the first process and was ended
        self.gone = False  # its first process is no more
        self.gone_at = 0  # since when, ms
        self.reaped: Reaped | None = None
        self.was: Message | None = None  # how its first process ended, as an earlier runner saw it
        self.used: dict[str, int] | None = None
        self.sign_at = 0.0  # boot-time clock: its last sign of life
        self.ended: Message | None = None

    @property
    def size(self) -> int:
        return self.log.size if self.log is not None else 0

    def started_message(self) -> Message | None:
        """The value of `started`, when there ever was a process."""
        if not self.pid:
            return None
        return {"pid": self.pid, "pidStarted": self.pid_started, "at": self.at}

    def take_output(self, system: System, most: int = 65536) -> int:
        """Copy what the FIFO holds, up to `most` bytes, to the log; says how many there were."""
        taken = 0
        while taken < most and not self.at_end:
            try:
                data = system.read(self.fifo, 65536)
            except BlockingIOError:
                break
            if not data:
                self.at_end = True
                break
            taken += len(data)
            self.sign_at = system.boottime()
            if self.log is not None:
                self.log.write(data if self.mask is None else self.mask.take(data), system.now_ms())
        return taken

    def end_output(self, system: System) -> None:
        """Nothing follows for now: what may have been the beginning of a secret is none, or stays unknown."""
        if self.mask is not None and self.log is not None:
            self.log.write(self.mask.end(), system.now_ms())

    def overdue_at(self) -> float | None:
        """Boot-time instant at which its timeout or its watchdog ends it, as it is now."""
        hung_at = None if self.watchdog is None else self.sign_at + self.watchdog
        return min((at for at in (self.deadline, hung_at) if at is not None), default=None)

    def has_timed_out(self, now: float) -> bool:
        return self.deadline is not None and self.deadline <= now

    def remember(self, members: list[Process]) -> None:
        self.seen.update((process.pid, process.started) for process in members)

    def end_message(self, now_ms: int) -> Message:
        """The value of `ended`, from what was seen."""
        told: Message = {"size": self.size, "leftBehind": len(self.left_behind)}
        if self.log is not None and self.log.lost:
            told["lost"] = self.log.lost
        if self.inbox is not None and (said := self.inbox.newest()):
            told["notices"] = said
        if self.was is not None:
            return {**self.was, **told}
        code = number = None
        cause = "unknown"
        if self.reaped is not None:
            status = self.reaped.status
            if os.WIFSIGNALED(status):
                cause, number = "signal", os.WTERMSIG(status)
            else:
                cause, code = "exit", os.WEXITSTATUS(status)
        message: Message = {
            "cause": self.cause or cause,
            "exitCode": code,
            "signal": number,
            "at": now_ms if self.cause else self.gone_at or now_ms,
            **told,
        }
        return message if self.used is None else {**message, "used": self.used}

    def count(self, used: dict[str, int]) -> None:
        """Add what a process of it used."""
        known = self.used or {}
        both = {name: known.get(name, 0) + value for name, value in used.items()}
        self.used = {**known, **both, "peakBytes": max(known.get("peakBytes", 0), used.get("peakBytes", 0))}

    def close(self, system: System) -> None:
        """Let go of everything but the FIFO, which somebody may still write to."""
        if self.log is not None:
            self.log.close()
        if self.inbox is not None:
            self.inbox.close(system)
        for fd in (self.files, self.pidfd):
            if fd >= 0:
                system.close(fd)
        self.inbox = None
        self.files = self.pidfd = -1
