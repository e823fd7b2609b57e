"""Every system call that changes or reads the world outside the runner's memory.

One object, passed in: a test may hand over one that dies between any two calls. Nothing here decides.
"""

# The runner opens everything relative to directory descriptors, which pathlib can't.
# ruff: noqa: PTH110, PTH112, PTH115, PTH208

from __future__ import annotations

import array
import ctypes
import os
import resource
import signal
import socket
import time
from itertools import islice

from rota.runner.file_calls import FileCalls
from rota.runner.group_calls import GroupCalls
from rota.runner.notice_calls import NoticeCalls
from rota.runner.protocol import PACKET
from rota.runner.switch_calls import SwitchCalls

PR_SET_CHILD_SUBREAPER = 36
BLOCK = 512  # bytes: what rusage counts input and output in
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ALL_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
_LIBC = ctypes.CDLL(None, use_errno=True)


class Process:
    """A line of the process table."""

    __slots__ = ("group", "parent", "pid", "session", "started", "state")

    def __init__(self, pid: int, line: bytes) -> None:
        fields = line[line.rindex(b")") + 2 :].split()
        self.pid = pid
        self.state = fields[0].decode()
        self.parent = int(fields[1])
        self.group = int(fields[2])
        self.session = int(fields[3])
        self.started = int(fields[19])  # field 22: clock ticks since boot


class Reaped:
    """A child that ended: the wait status, and what it and those it waited for used."""

    __slots__ = ("pid", "status", "used")

    def __init__(self, pid: int, status: int, usage: resource.struct_rusage, own_peak: int) -> None:
        self.pid = pid
        self.status = status
        # Between fork and exec a child counts as large as the runner, so a smaller peak can't be seen.
        self.used = {
            "userMs": int(usage.ru_utime * 1000),
            "systemMs": int(usage.ru_stime * 1000),
            "peakBytes": usage.ru_maxrss * 1024 if usage.ru_maxrss > own_peak else 0,
            "readBytes": usage.ru_inblock * BLOCK,
            "writtenBytes": usage.ru_oublock * BLOCK,
            "switches": usage.ru_nvcsw + usage.ru_nivcsw,
        }


class System(FileCalls, GroupCalls, NoticeCalls, SwitchCalls):
    """The real one."""

    def __init__(self) -> None:
        self._soft, self._hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._job_files = self._soft
        self._peak = 0
        self._peak_until = 0.0
        self._lists_children = os.path.exists(f"/proc/self/task/{os.getpid()}/children")

    # time

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def boottime(self) -> float:
        """Seconds since boot; counts while the machine sleeps, never jumps."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    # files

    def open_directory(self, path: str, at: int | None = None) -> int:
        return os.open(path, DIRECTORY, dir_fd=at)

    def open(self, path: str, flags: int, at: int | None = None) -> int:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640, dir_fd=at)

    def mkdir(self, path: str, at: int, mode: int = 0o750) -> None:
        os.mkdir(path, mode, dir_fd=at)

    def mkfifo(self, path: str, at: int) -> None:
        os.mkfifo(path, 0o640, dir_fd=at)

    def read(self, fd: int, size: int) -> bytes:
        return os.read(fd, size)

    def read_at(self, fd: int, size: int, offset: int) -> bytes:
        return os.pread(fd, size, offset)

    def write(self, fd: int, data: bytes) -> None:
        """All of it. Raises OSError."""
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]

    def close(self, fd: int) -> None:
        os.close(fd)

    def fsync(self, fd: int) -> None:
        os.fsync(fd)

    def syncfs(self, fd: int) -> None:
        """fsync for everything on that file system at once."""
        if _LIBC.syncfs(fd) != 0:
            raise OSError(ctypes.get_errno(), "syncfs failed")

    def rename(self, old: str, new: str, at: int) -> None:
        os.rename(old, new, src_dir_fd=at, dst_dir_fd=at)

    def unlink(self, path: str, at: int) -> None:
        os.unlink(path, dir_fd=at)

    def rmdir(self, path: str, at: int) -> None:
        os.rmdir(path, dir_fd=at)

    def names(self, directory: int) -> list[str]:
        return os.listdir(directory)

    def some_names(self, directory: int, most: int) -> list[str]:
        """As many; of what is in it now, when some of them have been deleted."""
        with os.scandir(directory) as entries:
            return [entry.name for entry in islice(entries, most)]

    def move(self, old: str, old_at: int, new: str, new_at: int) -> None:
        os.rename(old, new, src_dir_fd=old_at, dst_dir_fd=new_at)

    def size(self, path: str, at: int) -> int:
        return os.stat(path, dir_fd=at, follow_symlinks=False).st_size

    # processes

    def become_subreaper(self) -> None:
        """Orphans among the descendants of the jobs become children of this process."""
        if _LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER) failed")

    @property
    def most_files(self) -> int:
        """How many open files a process may be allowed to have."""
        return self._hard if self._hard != resource.RLIM_INFINITY else 2**31

    def allow_many_files(self) -> None:
        """As many open files as may be; jobs get the limit that was there before."""
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._hard, self._hard))

    def spawn(self, program: str, argv: list[str], env: dict[str, str], cwd: str, output: str) -> int:
        """A process in a session of its own with /dev/null and the FIFO `output`. Raises OSError."""
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, output, os.O_RDWR, 0),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        try:
            os.chdir(cwd)
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._job_files, self._hard))
            return os.posix_spawn(
                program, argv, env, file_actions=actions, setsid=True, setsigmask=(), setsigdef=_ALL_SIGNALS
            )
        finally:
            self.allow_many_files()
            os.chdir("/")

    def allow_files(self, most: int | None) -> None:
        """How many files what is spawned next may have open; None: as many as where the runner began."""
        self._job_files = self._soft if most is None else most

    @property
    def files_of_jobs(self) -> tuple[int, int]:
        """Soft and hard limit of open files of what is spawned next."""
        return self._job_files, self._hard

    def limit_files(self, pid: int, most: int) -> None:
        """Nor can that child allow itself more."""
        try:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
        except OSError:
            return  # it is gone, or became another user's

    def is_program(self, path: str) -> bool:
        return os.access(path, os.X_OK) and not os.path.isdir(path)

    def is_directory(self, path: str) -> bool:
        return os.path.isdir(path)

    def wait(self) -> Reaped | None:
        """One child that has ended, or None."""
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        return Reaped(pid, status, usage, self._peak_kib()) if pid else None

    def _peak_kib(self) -> int:
        """The most memory of this program; rusage also counts that of whoever started it."""
        now = self.boottime()
        if now >= self._peak_until:
            self._peak_until = now + 1
            found = _slurp("/proc/self/status").partition(b"VmHWM:")[2].split(None, 1)
            self._peak = int(found[0]) if found else 0
        return self._peak

    def open_process(self, pid: int) -> int | None:
        """A pidfd, or None when there is no such process."""
        try:
            return os.pidfd_open(pid)
        except ProcessLookupError:
            return None

    def signal(self, pidfd: int, number: int) -> None:
        """A process that is gone is passed over; one that may not be signalled too."""
        try:
            signal.pidfd_send_signal(pidfd, number)
        except (ProcessLookupError, PermissionError):
            return

    def process(self, pid: int) -> Process | None:
        line = _line(f"/proc/{pid}/stat")
        return Process(pid, line) if line else None

    def pids(self) -> list[int]:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]

    def owner(self, pid: int) -> int:
        """The uid of who started it; that of a program with the setuid bit does not count. -1: it is gone."""
        fields = _slurp(f"/proc/{pid}/status").partition(b"\nUid:")[2].split(None, 1)
        return int(fields[0]) if fields else -1

    def environ(self, pid: int) -> bytes:
        """The environment a process was started with; empty when it can't be seen."""
        return _slurp(f"/proc/{pid}/environ")

    def opened(self, pid: int, fd: int) -> str:
        """The path of what a process has open there; empty when it can't be seen."""
        try:
            return os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            return ""

    def children(self) -> list[int] | None:
        """Pids of the children of this process, which has one thread; None where the kernel lists none."""
        if not self._lists_children:
            return None
        return [int(pid) for pid in _slurp(f"/proc/self/task/{os.getpid()}/children").split()]

    def stop_child(self, pid: int) -> None:
        """SIGSTOP to a child that was not reaped, so that the pid is surely its."""
        try:
            os.kill(pid, signal.SIGSTOP)
        except (ProcessLookupError, PermissionError):
            return

    def own_pid(self) -> int:
        return os.getpid()

    def boot_id(self) -> str:
        return _slurp("/proc/sys/kernel/random/boot_id").decode().strip()

    def pid_namespace(self) -> str:
        return os.readlink("/proc/self/ns/pid")

    # secrets and notices

    def variable(self, name: str) -> bytes | None:
        """Of this process's own environment."""
        return os.environb.get(name.encode())

    # sockets

    def receive(self, connection: socket.socket) -> tuple[bytes, int | None]:
        """One packet and the descriptor that came with it. Raises OSError, BlockingIOError among them."""
        data, ancillary, flags, _ = connection.recvmsg(
            PACKET + 1, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC
        )
        descriptors = array.array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
        for spare in descriptors[1:]:
            os.close(spare)
        if flags & socket.MSG_TRUNC:
            data = b"too large"  # which is garbled, as every packet over the limit
        return data, descriptors[0] if descriptors else None

    def send(self, connection: socket.socket, packet: bytes) -> None:
        """Raises BlockingIOError when the peer is slow, OSError when it is gone."""
        connection.send(packet, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)


def _line(path: str) -> bytes:
    """What the kernel tells in one read; empty when it is not there."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(fd, 4096)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _slurp(path: str) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        pieces = []
        while piece := os.read(fd, 65536):
            pieces.append(piece)
        return b"".join(pieces)
    except OSError:
        return b""
    finally:
        os.close(fd)
