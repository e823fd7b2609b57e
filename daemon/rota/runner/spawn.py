"""From an order to a live process: directory, FIFO, process, pid file, in this order."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rota.runner.attempt import Attempt
from rota.runner.log import LogWriter
from rota.runner.mask import Mask
from rota.runner.notify import Inboxes
from rota.runner.secret import NoSecret, read_secrets, text_of
from rota.runner.switch import Forbidden, Switch
from rota.runner.switch_calls import Birth, Unborn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.runner.cgroup import Groups
    from rota.runner.protocol import Message, Order
    from rota.runner.record import Records
    from rota.runner.switch import Manner
    from rota.runner.system import System

FIFO = "job/out"
OUTPUTS = "job/outputs"
KNOWN = "known"
KEPT_FREE = 32  # descriptors that no start may take
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
KEPT_WITHIN = 1.0  # seconds of an extended deadline that a runner that takes over may not know of


class Refusal(Exception):
    """It was not started: the name of an errno or `known`, and what was tried."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Spawner:
    """Starts attempts below the state directory `path`, of which `records` knows the small files."""

    groups: Groups | None = None  # where there are control groups

    def __init__(self, system: System, records: Records, path: str, inboxes: Inboxes | None = None) -> None:
        self._system = system
        self.switch = Switch(system)
        self.inboxes = inboxes or Inboxes(system, path)
        self._records = records
        self._path = path
        self._boot_id = system.boot_id()
        self._namespace = system.pid_namespace()

    def start(self, order: Order) -> Attempt:
        """Raises Refusal; then nothing is left behind, but for what was there already (`known`)."""
        manner = self._manner(order)
        try:
            self._records.hold(order, self.switch.uid_of(manner))
            files = self._records.make_attempt(order.directory)
        except FileExistsError:
            self._records.release(order.attempt)
            raise Refusal(KNOWN, f"{order.directory} was started before") from None
        except OSError as error:
            self._records.release(order.attempt)
            raise _refusal(error, f"can't make the directory {order.directory}") from None
        attempt = Attempt(order.attempt, order.directory)
        attempt.files = files
        attempt.manner = manner
        attempt.uid = self.switch.uid_of(manner)
        try:
            self._launch(attempt, order)
        except Refusal:
            self._undo(attempt)
            raise
        return attempt

    def open_output(self, attempt: Attempt, limit: int) -> None:
        """Open the FIFO for reading and the log for writing. Raises OSError."""
        # Without a writer yet the FIFO reads as empty; the last writer's end is seen as its end.
        attempt.fifo = self._system.open_fifo(FIFO, attempt.files)
        attempt.log = LogWriter(self._system, attempt.files, limit)

    def take_limits(self, attempt: Attempt, held: Message) -> None:
        """Hold the limits of an attempt that an earlier runner started: those of its group lapsed with it."""
        limits, watchdog = held.get("limits"), held.get("watchdogMs")
        self._watch_life(attempt, watchdog if isinstance(watchdog, int) else None)
        attempt.group = None if self.groups is None else self.groups.find(attempt.id)
        if attempt.group is not None and isinstance(limits, dict):
            attempt.group.limit({name: value for name, value in limits.items() if isinstance(value, int)})

    def write_pid(self, attempt: Attempt) -> None:
        """Who it is, in its directory: enough for the next runner to take it over."""
        deadline = None if attempt.deadline is None else int(attempt.deadline * 1000)
        pid: Message = {
            "pid": attempt.pid,
            "pidStarted": attempt.pid_started,
            "at": attempt.at,
            "bootId": self._boot_id,
            "pidNamespace": self._namespace,
            "deadlineMs": deadline,
        }
        if attempt.stamps:
            pid["secrets"] = attempt.stamps
        self._records.write_pid(attempt.files, pid)
        attempt.deadline_kept = attempt.deadline or 0.0

    def extend(self, attempt: Attempt, seconds: float) -> bool:
        """Let it have at least that long from now on, and note it; whether that is longer than it had."""
        now = self._system.boottime()
        if attempt.deadline is None or attempt.inbox is None or now + seconds <= attempt.deadline:
            return False
        attempt.deadline = now + seconds
        at_ms = self._system.now_ms() + int(seconds * 1000)
        attempt.inbox.put(self._system, "timeoutAt", str(at_ms), attempt.size)
        if attempt.deadline - attempt.deadline_kept >= KEPT_WITHIN:
            try:
                self.write_pid(attempt)
            except OSError:
                return True  # only a runner that takes over would end it sooner
        return True

    def is_same_host(self, pid: Message) -> bool:
        """Whether the pid file speaks of this boot and this pid namespace."""
        return pid.get("bootId") == self._boot_id and pid.get("pidNamespace") == self._namespace

    def _manner(self, order: Order) -> Manner | None:
        try:
            return self.switch.manner(order.wish)
        except Forbidden as error:
            if self._records.is_there(order.directory):
                raise Refusal(KNOWN, f"{order.directory} was started before") from None
            raise Refusal("EPERM", str(error)) from None

    def _launch(self, attempt: Attempt, order: Order) -> None:
        self._check_descriptors(attempt)
        try:
            self._system.mkdir("job", attempt.files)
            self._system.mkfifo(FIFO, attempt.files)
            self.open_output(attempt, order.output)
            self._give(attempt)
        except OSError as error:
            raise _refusal(error, f"can't make the FIFO in {order.directory}") from None
        self._check_limits(order)
        self._spawn(attempt, order)
        attempt.at = self._system.now_ms()
        attempt.grace = order.grace_ms / 1000
        self._watch_life(attempt, order.watchdog_ms)
        if order.timeout_ms is not None:
            attempt.deadline = self._system.boottime() + order.timeout_ms / 1000
        process = self._system.process(attempt.pid)
        attempt.pid_started = process.started if process is not None else 0
        try:
            self.write_pid(attempt)
        except OSError:
            # It runs; only a runner that takes over would have to look for it by its id.
            return

    def _give(self, attempt: Attempt) -> None:
        """To its user what is the job's; the directory last, since then that user may put anything there."""
        uid = None if attempt.manner is None else attempt.manner.uid
        if uid is None:
            return
        # Made now, so that the daemon can read it whatever the job's umask is.
        self._system.close(self._system.open(OUTPUTS, _MAKE, attempt.files))
        for path in (OUTPUTS, FIFO, "job"):
            self._system.give(path, attempt.files, uid)

    def _spawn(self, attempt: Attempt, order: Order) -> None:
        env = dict(order.env)
        env["ROTA_ATTEMPT_ID"] = order.attempt
        env["ROTA_OUTPUT"] = f"{self._path}/{order.directory}/{OUTPUTS}"
        if not self._system.is_directory(order.cwd):
            raise Refusal("ENOENT", f"no directory {order.cwd} to work in")
        env.update(self._secrets(attempt, order))
        manner = attempt.manner
        attempt.inbox = self.inboxes.open(attempt.id, None if manner is None else manner.uid)
        if attempt.inbox is not None:
            env["NOTIFY_SOCKET"] = attempt.inbox.path
            if order.watchdog_ms is not None:
                env["WATCHDOG_USEC"] = str(order.watchdog_ms * 1000)
        try:
            program = self._find(order.argv[0], order)
            nofile = order.limits.get("nofile")
            self._system.allow_files(nofile)
            with self._inside(attempt, order):
                attempt.pid = self._born(attempt, order, program, env)
            if nofile is not None:
                # Only now: lowered for itself, the runner could not raise it again.
                self._system.limit_files(attempt.pid, nofile)
        except OSError as error:
            where = order.cwd if manner is None or not manner.user else f"{order.cwd} as {manner.user}"
            raise _refusal(error, f"can't start {order.argv[0]} in {where}") from None
        except ValueError as error:
            # What no name of a file can hold: quoted, since no file or table can hold it either.
            raise Refusal("EINVAL", f"can't start {order.argv[0]!r}: {error}") from None

    def _born(self, attempt: Attempt, order: Order, program: str, env: dict[str, str]) -> int:
        # The one that the runner has opened: by its name it may be anything by now, as job/ is its user's.
        fifo = f"/proc/self/fd/{attempt.fifo}"
        if attempt.manner is None:
            return self._system.spawn(program, order.argv, env, order.cwd, fifo)
        birth = Birth(attempt.manner, program, order.argv, env)
        nofile = order.limits.get("nofile")
        birth.cwd, birth.output = order.cwd, fifo
        birth.files = self._system.files_of_jobs if nofile is None else (nofile, nofile)
        return self._system.spawn_as(birth)

    def _secrets(self, attempt: Attempt, order: Order) -> dict[str, str]:
        if not order.secrets:
            return {}
        # What root gave its runner to hand out; and with the user's rights what anybody could name.
        files = {name: place for name, place in order.secrets.items() if "file" in place}
        others = {name: place for name, place in order.secrets.items() if name not in files}
        try:
            secrets = read_secrets(self._system, others)
            with self.switch.eyes_of(attempt.manner):
                secrets |= read_secrets(self._system, files)
        except NoSecret as error:
            raise Refusal("ENOKEY", str(error)) from None
        except OSError as error:
            raise _refusal(error, "can't read secrets with the rights of the job's user") from None
        attempt.mask = Mask(secret.value for secret in secrets.values())
        attempt.stamps = {name: secret.stamp for name, secret in secrets.items()}
        return {name: text_of(secret.value) for name, secret in secrets.items()}

    def _check_descriptors(self, attempt: Attempt) -> None:
        """Raises Refusal when the rest is needed by what runs already: for its log, its end, the daemon."""
        most = self._system.most_files
        # The kernel gives the lowest number that is free, so at least as many are open.
        if attempt.files >= most - min(KEPT_FREE, most // 4):
            text = f"the runner has nearly as many files open as it may ({most})"
            raise Refusal(
                "EMFILE", f"{text}; attempts that end make room, LimitNOFILE= in its unit gives more"
            )

    def _check_limits(self, order: Order) -> None:
        """Raises Refusal for what can't be held, where that is required."""
        nofile = order.limits.get("nofile", 0)
        if nofile > self._system.most_files:
            text = f"nofile {nofile}: this host allows at most {self._system.most_files} open files"
            raise Refusal("EPERM", text)
        unenforced = {} if self.groups is None else self.groups.unenforced
        for name in order.limits:
            if order.requires and name in unenforced:
                text = f"limits.{name} can't be enforced on this host: {unenforced[name]}"
                raise Refusal("ENOTSUP", text)

    @contextmanager
    def _inside(self, attempt: Attempt, order: Order) -> Iterator[None]:
        """What is spawned meanwhile is born in the attempt's control group, where there are any."""
        group = None if self.groups is None else self.groups.enter(order.attempt)
        if group is None or self.groups is None:
            yield
            return
        attempt.group = group
        try:
            yield
        finally:
            self.groups.come_back()
        # Only now that the runner is out again: they must not hold for it.
        missing = group.limit(order.limits)
        if missing and order.requires:
            raise Refusal("ENOTSUP", f"limits.{missing} can't be set on this host")

    def _watch_life(self, attempt: Attempt, watchdog_ms: int | None) -> None:
        attempt.sign_at = self._system.boottime()
        attempt.watchdog = None if watchdog_ms is None else watchdog_ms / 1000

    def _find(self, name: str, order: Order) -> str:
        if "/" in name:
            return name
        search = order.env.get("PATH", "")
        for folder in search.split(":"):
            candidate = f"{folder}/{name}"
            if folder.startswith("/") and self._system.is_program(candidate):
                return candidate
        raise Refusal("ENOENT", f"no program {name} in PATH ({search})")

    def _undo(self, attempt: Attempt) -> None:
        if attempt.group is not None:
            attempt.group.kill()
            attempt.group.remove()
        if attempt.fifo >= 0:
            self._system.close(attempt.fifo)
        attempt.close(self._system)
        try:
            self._records.remove(attempt.directory)
        except OSError:
            return  # it stays held, and the next runner says of it that nobody knows
        self._records.release(attempt.id)


def _refusal(error: OSError, tried: str) -> Refusal:
    code = errno.errorcode.get(error.errno or 0, "EIO")
    step = f" ({error.filename})" if isinstance(error, Unborn) else ""
    return Refusal(code, f"{tried}: {os.strerror(error.errno or errno.EIO)}{step}")
