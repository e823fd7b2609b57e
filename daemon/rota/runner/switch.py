"""As whom an attempt runs, and how considerate it is: what its order wishes, held against the rules."""

from __future__ import annotations

import grp
import os
import pwd
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.runner.protocol import Message, Wish
    from rota.runner.rules import Rules
    from rota.runner.system import System

UMASK = 0o022
ROOT = 0


class Forbidden(Exception):
    """What the order wishes can't be or must not be; the text says why, and what to add where."""


class Manner:
    """What the process that becomes a job makes of itself, last of all before it runs the program.

    `uid` None: it stays what the runner is.
    """

    __slots__ = ("gid", "groups", "io", "nice", "uid", "umask", "user")

    def __init__(self, wish: Wish) -> None:
        self.uid: int | None = None
        self.gid = -1
        self.groups: list[int] = []
        self.user = ""
        self.umask = UMASK if wish.umask is None else wish.umask
        self.nice = wish.nice
        self.io = wish.io


class Switch:
    """Decides for a runner: `rules` are None where it has none, `path` is where they are, for people."""

    def __init__(self, system: System, rules: Rules | None = None, path: str = "") -> None:
        self._system = system
        self._rules = rules
        self._path = path
        self._is_root = system.own_uid() == ROOT

    @property
    def may_switch(self) -> bool:
        return self._is_root

    @property
    def has_rules(self) -> bool:
        return self._rules is not None

    def manner(self, wish: Wish) -> Manner | None:
        """None when there is nothing to do that the runner itself has not done. Raises Forbidden."""
        user = wish.user or (self._rules.default_user if self._rules is not None else "")
        if wish.is_empty and not user:
            return None
        manner = Manner(wish)
        if not self._is_root:
            self._stay(wish)
        elif user or wish.group:
            self._become(manner, user or "root", wish.group)
        self._check_nice(manner)
        return manner

    def uid_of(self, manner: Manner | None) -> int:
        """Whose the processes are."""
        return self._system.own_uid() if manner is None or manner.uid is None else manner.uid

    def facts(self) -> Message:
        """What `hello` tells of it: as whom jobs run that name nobody, and whom they may name."""
        own = self._account(_entry_of(self._system.own_uid()), self._system.own_uid())
        if not self._is_root:
            return {**own, "users": [own], "isRoot": False}
        if self._rules is None:
            return {**own, "users": [own], "anyUser": True, "isRoot": True}
        default = self._rules.default_user or "root"
        names = [default, *sorted(self._rules.users - {default})]
        names += ["root"] if self._rules.root and default != "root" else []
        users = [self._account(entry, 0) for name in names if (entry := _entry(name)) is not None]
        return {**(users[0] if users else own), "users": users, "isRoot": True}

    def unknown(self) -> list[str]:
        """Users in the rules that this host does not have."""
        return sorted(name for name in self._rules.users if _entry(name) is None) if self._rules else []

    @contextmanager
    def eyes_of(self, manner: Manner | None) -> Iterator[None]:
        """What is opened meanwhile is opened with that user's rights, not with root's."""
        if manner is None or manner.uid is None or manner.uid == ROOT or self._rules is None:
            yield
            return
        with self._system.rights_of(manner.uid, manner.gid, manner.groups):
            yield

    def _stay(self, wish: Wish) -> None:
        own = self._system.own_uid()
        entry = _entry_of(own)
        me = str(own) if entry is None else entry.pw_name
        if wish.user and wish.user != me and _known(wish.user).pw_uid != own:
            hint = "a runner of root's can, see systemd/README.md"
            raise Forbidden(f"the runner runs as {me} and can't become {wish.user}: {hint}")
        if wish.group and _gid(wish.group) != self._system.own_gid():
            raise Forbidden(f"the runner runs as {me} and can't take the group {wish.group}")

    def _become(self, manner: Manner, user: str, group: str) -> None:
        if self._rules is not None and not self._rules.allows(user):
            raise Forbidden(f"jobs may not run as {user} here: {self._missing(user)}")
        account = _known(user)
        if account.pw_uid == ROOT and self._rules is not None and not self._rules.allows("root"):
            raise Forbidden(f"jobs may not run as {user}, which is root: {self._missing('root')}")
        manner.user, manner.uid, manner.gid = user, account.pw_uid, account.pw_gid
        manner.groups = os.getgrouplist(user, account.pw_gid)
        if group:
            manner.gid = self._group(manner, group)

    def _group(self, manner: Manner, group: str) -> int:
        gid = _gid(group)
        if gid in manner.groups or self._rules is None or manner.uid == ROOT:
            return gid
        raise Forbidden(f"{manner.user} is not in the group {group}: usermod -aG {group} {manner.user}")

    def _check_nice(self, manner: Manner) -> None:
        may_hurry = self._is_root and (self._rules is None or self._rules.root)
        if manner.nice is not None and manner.nice < 0 and not may_hurry:
            raise Forbidden(f"nice {manner.nice}: only jobs of root's may go before others")

    def _missing(self, user: str) -> str:
        return f"{'write `root: true`' if user == 'root' else f'add {user} to `users`'} in {self._path}"

    def _account(self, entry: pwd.struct_passwd | None, uid: int) -> Message:
        if entry is None:
            return {"user": str(uid), "home": "/", "shell": "/bin/sh"}
        # As su and login do: an account without a home has jobs all the same.
        home = entry.pw_dir if self._system.is_directory(entry.pw_dir) else "/"
        return {"user": entry.pw_name, "home": home, "shell": entry.pw_shell}


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _entry_of(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _known(name: str) -> pwd.struct_passwd:
    entry = _entry(name)
    if entry is None:
        raise Forbidden(f"there is no user {name} on this host")
    return entry


def _gid(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise Forbidden(f"there is no group {name} on this host") from None
