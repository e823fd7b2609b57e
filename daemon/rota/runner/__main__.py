"""`python -m rota.runner --state DIR --socket PATH`: the runner, in the foreground; USAGE has its options."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import signal
import socket
import sys
from contextlib import suppress

from rota.runner.cgroup import Groups
from rota.runner.desk import Desk
from rota.runner.loop import Loop
from rota.runner.notify import Inboxes
from rota.runner.orphans import Orphans
from rota.runner.reap import Reaper, Successor
from rota.runner.record import Records
from rota.runner.rules import RULES, Rules, Unruly, check_above, read_rules
from rota.runner.spawn import Spawner
from rota.runner.stop import Stopper
from rota.runner.switch import Switch
from rota.runner.system import System
from rota.runner.table import Table

# Without pathlib, whose import every runner would pay for in memory.
# ruff: noqa: PTH100, PTH101, PTH103, PTH108, PTH116, PTH120, PTH123

USAGE = "usage: rota runner --state DIR --socket PATH [--daemon-user NAME] [--rules FILE]"
OPTIONS = ("--state", "--socket", "--daemon-user", "--rules")
FIRST_PASSED = 3  # SD_LISTEN_FDS_START
HELD_FIFOS = "ROTA_RUNNER_FIFOS"
HELD_INBOXES = "ROTA_RUNNER_INBOXES"
HELD_SECRETS = "ROTA_RUNNER_SECRETS"


class Unable(Exception):
    """Why it can't serve."""


def main(argv: list[str], system: System | None = None) -> int:
    """Serve until told to end. Exit codes: 0 ended as asked, 1 host or disk failed it, 2 it can't serve so.

    After 1 it is worth another try, and a service manager makes it: jobs must not stay without a runner.
    """
    try:
        options = _parse(argv)
        if serve(options, system or System()) == "reload":
            os.execv(sys.executable, [sys.executable, "-m", "rota.runner", *argv])
    except Unable as error:
        _say(f"rota runner: {error}")
        return 2
    except OSError as error:
        _say(f"rota runner: {error}")
        return 1
    return 0


def serve(options: dict[str, str], system: System) -> str:
    """Open what it needs, take over what is there, run the loop; answers how it ended. Raises Unable."""
    state = os.path.abspath(options["state"])
    switch = _switch(options, system)
    root = _open_state(state, system)
    if switch.has_rules:
        _check_place(state)
    records = Records(system, root)
    records.settle(_place(root))
    os.umask(0o022)
    if switch.may_switch:
        _let_others_pass(state, records)
    system.allow_many_files()
    system.become_subreaper()
    listener = _passed_socket() or _bind(os.path.abspath(options["socket"]), public="daemon-user" in options)
    table, loop = _assemble(system, records, listener, (state, switch, options))
    os.chdir("/")
    _close_inherited()
    _notify(f"READY=1\nSTATUS={len(table.live())} attempts run")
    outcome = loop.run()
    for attempt in table.live():
        attempt.end_output(system)
    if outcome == "reload":
        _prepare_reload(listener, table)
    else:
        _say_goodbye(table, listener)
    return outcome


def _assemble(
    system: System, records: Records, listener: socket.socket, ways: tuple[str, Switch, dict[str, str]]
) -> tuple[Table, Loop]:
    state, switch, options = ways
    inboxes = Inboxes(system, state, _passed_inboxes())
    spawner = Spawner(system, records, state, inboxes)
    spawner.groups = groups = Groups(system)
    spawner.switch = switch
    reaper = Reaper(system, records)
    table = Table(records)
    stopper = Stopper(system, table, Orphans(system, table))
    own = {**facts(system, state, switch), "unenforced": groups.unenforced}
    if switch.may_switch and (closed := _closed_above(state)):
        own["closedAt"] = closed
    desk = Desk(facts=own, table=table, records=records, spawner=spawner, stopper=stopper)
    uids = _uids(options.get("daemon-user"))
    loop = Loop(system=system, listener=listener, uids=uids, desk=desk, reaper=reaper)
    for attempt in Successor(system, records, spawner, _passed_secrets()).take_over():
        table.add(attempt)
        loop.hold(attempt)
    inboxes.tidy({attempt.id for attempt in table.live()})
    return table, loop


def _parse(argv: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    rest = list(argv)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name not in OPTIONS or not (equals or rest):
            raise Unable(USAGE)
        options[name[2:]] = value if equals else rest.pop(0)
    if not options.get("state") or not (options.get("socket") or _is_passed()):
        raise Unable(USAGE)
    options.setdefault("socket", "")
    return options


def _switch(options: dict[str, str], system: System) -> Switch:
    """What root's runner may do for whom. From here on `daemon-user` is the one that holds. Raises Unable."""
    if system.own_uid() != 0:
        return Switch(system)
    path = options.get("rules") or RULES
    try:
        rules = read_rules(path)
    except Unruly as error:
        raise Unable(str(error)) from None
    if rules is None and options.get("rules"):
        raise Unable(f"there are no rules in {path}")
    _settle_daemon_user(options, rules, path)
    switch = Switch(system, rules, path)
    for name in switch.unknown():
        _say(f"rota runner: {path}: there is no user {name} on this host")
    return switch


def _settle_daemon_user(options: dict[str, str], rules: Rules | None, path: str) -> None:
    named, ruled = options.get("daemon-user", ""), "" if rules is None else rules.daemon_user
    if rules is not None and named and ruled and named != ruled:
        raise Unable(f"{path} says daemon_user: {ruled}, and --daemon-user {named}: they must be the same")
    user = named or ruled
    default = "" if rules is None else rules.default_user
    for name in filter(None, (user, default)):
        _uid_of(name)
    if not user:
        return
    if _uid_of(user) != 0:
        if not default:
            raise Unable(f"root's runner for {user} needs `default_user: …` in {path}, whom jobs run as")
        os.setgid(pwd.getpwnam(user).pw_gid)  # what it makes can be read by the daemon's group
    if default and rules is not None and not rules.root and _uid_of(default) == 0:
        raise Unable(f"{path}: default_user: {default} is root, which needs `root: true`")
    options["daemon-user"] = user


def _check_place(state: str) -> None:
    """Who could put other directories in its place would have root give them files that are not theirs."""
    try:
        check_above(f"{state}/.lock")
    except Unruly as error:
        raise Unable(str(error)) from None


def _let_others_pass(state: str, records: Records) -> None:
    """What belongs to a job's user lies below the state directory."""
    records.let_pass()
    mode = os.stat(state).st_mode & 0o7777
    if not mode & 0o001:
        os.chmod(state, mode | 0o001)
    if closed := _closed_above(state):
        text = "jobs of other users reach neither ROTA_OUTPUT nor NOTIFY_SOCKET"
        _say(f"rota runner: {closed} lets no other user pass, so {text}: chmod o+x {closed}")


def _closed_above(state: str) -> str:
    """The nearest folder above that lets no other user pass; empty when there is none."""
    above = os.path.dirname(state)
    while above != "/" and os.stat(above).st_mode & 0o001:
        above = os.path.dirname(above)
    return "" if above == "/" else above


def _open_state(path: str, system: System) -> int:
    os.makedirs(path, mode=0o750, exist_ok=True)
    root = system.open_directory(path)
    lock = os.open(".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640, dir_fd=root)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 32).decode("ascii", "replace").strip()
        raise Unable(f"another runner (pid {holder or 'unknown'}) serves {path}") from None
    with suppress(OSError):  # for people alone: on a full disk it holds as well
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
    return root


def _place(root: int) -> str:
    """Stays the same when the directory is renamed, and is another one for each copy of it."""
    status = os.fstat(root)
    return f"{status.st_dev}:{status.st_ino}"


def _is_passed() -> bool:
    return os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS", "0") != "0"


def _passed_socket() -> socket.socket | None:
    """The listening socket from the service manager, or from this runner before it replaced itself."""
    if not _is_passed():
        return None
    os.set_inheritable(FIRST_PASSED, False)
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    return socket.socket(fileno=FIRST_PASSED)


def _bind(path: str, *, public: bool) -> socket.socket:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    if _answers(path):
        raise Unable(f"another runner answers on {path}")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.path.lexists(path):
        os.unlink(path)
    before = os.umask(0o177)
    try:
        listener.bind(path)
    except OSError as error:
        raise Unable(f"can't listen on {path}: {error.strerror or error}") from None
    finally:
        os.umask(before)
    if public:
        os.chmod(path, 0o666)  # the peer's uid decides who may speak
    listener.listen(16)
    return listener


def _answers(path: str) -> bool:
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        probe.connect(path)
    except OSError:
        return False
    finally:
        probe.close()
    return True


def facts(system: System, state: str, switch: Switch) -> dict[str, object]:
    """What the daemon is told of this runner: whom jobs run as, and where."""
    return {"pid": system.own_pid(), **switch.facts(), "bootId": system.boot_id(), "state": state}


def _uids(daemon_user: str | None) -> frozenset[int]:
    uids = {os.geteuid(), 0}
    if daemon_user:
        uids.add(_uid_of(daemon_user))
    return frozenset(uids)


def _uid_of(user: str) -> int:
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        raise Unable(f"no user {user}") from None


def _prepare_reload(listener: socket.socket, table: Table) -> None:
    """Keep over exec: the listening socket, every FIFO and inbox, so that nothing is lost meanwhile."""
    # Another wish to reload would end what is just beginning, and with it all that it knows of its children.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    held = [attempt.fifo for attempt in table.live() if attempt.fifo >= 0]
    inboxes = {each.id: each.inbox.connection.fileno() for each in table.live() if each.inbox is not None}
    for fd in (*held, *inboxes.values()):
        os.set_inheritable(fd, True)
    if listener.fileno() == FIRST_PASSED:
        os.set_inheritable(FIRST_PASSED, True)
    else:
        os.dup2(listener.fileno(), FIRST_PASSED)
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDS"] = "1"
    _pass_secrets({each.id: each.mask.values for each in table.live() if each.mask is not None})
    os.environ[HELD_FIFOS] = ",".join(str(fd) for fd in held)
    os.environ[HELD_INBOXES] = ",".join(f"{attempt}={fd}" for attempt, fd in inboxes.items())


def _pass_secrets(values: dict[str, frozenset[bytes]]) -> None:
    """In memory that only this process and what it becomes can read."""
    named = {attempt: [value.hex() for value in each] for attempt, each in values.items() if each}
    if named:
        memory = os.memfd_create("secrets", 0)
        os.write(memory, json.dumps(named).encode())
        os.environ[HELD_SECRETS] = str(memory)


def _passed_secrets() -> dict[str, list[bytes]]:
    memory = os.environ.pop(HELD_SECRETS, "")
    if not memory:
        return {}
    with open(int(memory), "rb") as file:
        file.seek(0)
        named = json.load(file)
    return {attempt: [bytes.fromhex(value) for value in values] for attempt, values in named.items()}


def _passed_inboxes() -> dict[str, socket.socket]:
    passed = {}
    for entry in os.environ.pop(HELD_INBOXES, "").split(","):
        attempt, _, fd = entry.partition("=")
        if fd:
            os.set_inheritable(int(fd), False)
            passed[attempt] = socket.socket(fileno=int(fd))
    return passed


def _close_inherited() -> None:
    for fd in os.environ.pop(HELD_FIFOS, "").split(","):
        if fd:
            os.close(int(fd))


def _say_goodbye(table: Table, listener: socket.socket) -> None:
    _notify("STOPPING=1")
    for attempt in table.live():
        _say(f"rota runner: {attempt.directory} (pid {attempt.pid}) goes on; the next runner takes it over")
    path = listener.getsockname()
    if listener.fileno() != FIRST_PASSED and isinstance(path, str):
        os.unlink(path)


def _notify(state: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.connect("\0" + address[1:] if address.startswith("@") else address)
        supervisor.send(state.encode())


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
