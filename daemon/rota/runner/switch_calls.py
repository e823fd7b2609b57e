"""The system calls that another user's attempts need; `system.System` has them among its own."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import select
import signal
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.runner.switch import Manner

_LIBC = ctypes.CDLL(None, use_errno=True)
_ALL_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
# The C library has no functions for these, and their numbers differ.
_KEYCTL = {"x86_64": 250, "aarch64": 219, "armv7l": 311, "riscv64": 219, "ppc64le": 271, "s390x": 280}
_JOIN_SESSION_KEYRING = 1
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "armv7l": 314, "riscv64": 30, "ppc64le": 273, "s390x": 282}
_IOPRIO_WHO_PROCESS = 1
_BEST_EFFORT, _IDLE = 2 << 13, 3 << 13
_USUAL_LEVEL = 4
_TOLD = 200  # bytes
_NUDGE_EVERY_MS = 50
_PATIENCE = 20  # nudges


class SwitchCalls:
    """Of users, and of files that belong to them."""

    def own_uid(self) -> int:
        return os.geteuid()

    def own_gid(self) -> int:
        return os.getegid()

    @contextmanager
    def rights_of(self, uid: int, gid: int, groups: list[int]) -> Iterator[None]:
        """What root opens meanwhile it opens as that user; nobody can signal it any more than before."""
        before = os.getgroups(), os.getegid(), os.geteuid()
        os.setgroups(groups)
        os.setegid(gid)
        os.seteuid(uid)
        try:
            yield
        finally:
            os.seteuid(before[2])
            os.setegid(before[1])
            os.setgroups(before[0])

    def give(self, path: str, at: int | None, uid: int) -> None:
        """To that user; the group stays."""
        os.chown(path, uid, -1, dir_fd=at, follow_symlinks=False)

    def allow(self, path: str, at: int | None, mode: int) -> None:
        os.chmod(path, mode, dir_fd=at)

    def open_fifo(self, path: str, at: int) -> int:
        """For reading. Raises OSError, also for what is no FIFO: a job may have put anything in its place."""
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
        if not stat.S_ISFIFO(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "no FIFO")
        return fd

    def spawn_as(self, birth: Birth) -> int:
        """As `System.spawn`, with all that `birth` says; the pid. Raises OSError, which names what failed.

        By a fork, which costs little since this program is small: no spawn function of the C library
        changes users.
        """
        reading, writing = os.pipe2(os.O_CLOEXEC)
        # A signal that comes to the child must not run the runner's handlers, which would tell the runner.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ALL_SIGNALS)
        try:
            pid = _fork(birth, reading, writing)
            os.close(writing)
            writing = -1
            told = _told(reading, pid)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            for fd in (reading, writing):
                if fd >= 0:
                    os.close(fd)
        if told:
            os.kill(pid, signal.SIGKILL)  # it ends by itself, unless its user stopped it
            os.waitpid(pid, 0)
            number, _, what = told.decode().partition(" ")
            raise Unborn(int(number), os.strerror(int(number)), what)
        return pid


class Unborn(OSError):
    """What a child could not do before it ran its program; `filename` says what that was."""


class Birth:
    """What a process is to be, and to run."""

    __slots__ = ("argv", "cwd", "env", "files", "manner", "output", "program")

    def __init__(self, manner: Manner, program: str, argv: list[str], env: dict[str, str]) -> None:
        self.manner = manner
        self.program = program
        self.argv = argv
        self.env = env
        self.cwd = "/"
        self.output = ""  # path of the FIFO
        self.files = (1024, 1024)  # soft and hard limit of open files


def _fork(birth: Birth, told: int, tell: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    what = ["prepare"]
    try:
        os.close(told)
        _become(birth, what)
    except OSError as error:
        _say(tell, error.errno or errno.EIO, what[0])
    except BaseException:
        _say(tell, errno.EINVAL, what[0])
    finally:
        os._exit(127)


def _told(reading: int, pid: int) -> bytes:
    """What the child can't do; nothing, once its program runs or when it takes too long to begin.

    From when it is another user's on, that user can stop it, and a directory or program of theirs may keep it
    waiting for ever. Nobody else's attempts shall suffer: then it counts as running, with all its limits.
    """
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    for _ in range(_PATIENCE):
        if poll.poll(_NUDGE_EVERY_MS):
            return os.read(reading, _TOLD)
        os.kill(pid, signal.SIGCONT)
    return b""


def _say(tell: int, number: int, what: str) -> None:
    """To the runner; to the log when that does not wait any longer."""
    try:
        os.write(tell, f"{number} {what}".encode())
    except BrokenPipeError:
        os.write(2, f"rota: can't {what}: {os.strerror(number)}\n".encode())


def _become(birth: Birth, what: list[str]) -> NoReturn:
    """In the child: all that needs the runner's rights first, then the user, then the program."""
    manner = birth.manner
    signal.set_wakeup_fd(-1)
    for number in _ALL_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    what[0] = "open the output"
    for fd, path, flags in ((0, "/dev/null", os.O_RDONLY), (1, birth.output, os.O_RDWR)):
        os.dup2(os.open(path, flags), fd)
    os.dup2(1, 2)
    what[0] = "limit open files"
    resource.setrlimit(resource.RLIMIT_NOFILE, birth.files)
    os.umask(manner.umask)
    what[0] = "nice"
    _be_nice(manner.nice)
    what[0] = "io"
    _set_io(manner.io)
    if manner.uid is not None:
        _leave_keyring()
        what[0] = f"become {manner.user}"
        os.setgroups(manner.groups)
        os.setresgid(manner.gid, manner.gid, manner.gid)
        os.setresuid(manner.uid, manner.uid, manner.uid)
    what[0] = "change to the directory"
    os.chdir(birth.cwd)
    what[0] = "run it"
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.execve(birth.program, birth.argv, birth.env)


def _leave_keyring() -> None:
    """A new keyring of its session: in the runner's, users could read each other's keys."""
    number = _KEYCTL.get(os.uname().machine)
    if number is not None:  # refused in some containers, and unknown to some kernels: then there are no keys
        _LIBC.syscall(number, _JOIN_SESSION_KEYRING, None)


def _be_nice(wanted: int | None) -> None:
    if wanted is None:
        return
    now = os.getpriority(os.PRIO_PROCESS, 0)
    # A runner that is more considerate itself may not go back on it, unless it is root's.
    if wanted > now or (wanted < now and os.geteuid() == 0) or wanted < 0:
        os.setpriority(os.PRIO_PROCESS, 0, wanted)


def _set_io(wanted: str) -> None:
    if not wanted:
        return
    number = _IOPRIO_SET.get(os.uname().machine)
    if number is None:
        raise OSError(errno.ENOSYS, "unknown here")
    kind, _, level = wanted.partition(":")
    value = _IDLE if kind == "idle" else _BEST_EFFORT | int(level or _USUAL_LEVEL)
    if _LIBC.syscall(number, _IOPRIO_WHO_PROCESS, 0, value) != 0:
        raise OSError(ctypes.get_errno(), "ioprio_set")
