"""The rules that root gives its runner: /etc/rota/runner.yaml, read in a subset of YAML that fits on a page.

A line is `key: value`, a comment, or an item `- name` below a key without a value; lists may also stand in
brackets. Whatever else YAML knows is refused: rules that two readers understand differently are none.
"""

# Without pathlib, whose import every runner would pay for in memory.
# ruff: noqa: PTH116, PTH120

from __future__ import annotations

import os
import re
import stat

RULES = "/etc/rota/runner.yaml"
_MOST = 64 * 1024  # bytes
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?")
_ODD = re.compile(r"[^\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\U0010ffff]")  # some call these ends of lines
_KEYS = ("daemon_user", "default_user", "users", "root")
_BOOLEANS = {"true": True, "false": False}


class Unruly(Exception):
    """Rules that can't be obeyed: where and why, in words."""


class Rules:
    """Who may command a runner of root's, and whom its jobs may run as."""

    def __init__(
        self,
        daemon_user: str = "",
        default_user: str = "",
        users: frozenset[str] = frozenset(),
        *,
        root: bool = False,
    ) -> None:
        self.daemon_user = daemon_user  # beside root; empty: root alone
        self.default_user = default_user  # of jobs that name nobody; empty: root
        self.users = users  # whom jobs may name, beside the default user
        self.root = root  # jobs may name root, too

    def allows(self, user: str) -> bool:
        default = self.default_user or "root"
        return user == default or user in self.users or (self.root and user == "root")


def read_rules(path: str) -> Rules | None:
    """None when there is no such file. Raises Unruly, also for a file that others than root may write to."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unruly(f"{path} can't be read: {error.strerror}") from None
    try:
        _check_writers(path, os.fstat(fd))
        check_above(path)
        content = os.read(fd, _MOST + 1)
    finally:
        os.close(fd)
    if len(content) > _MOST:
        raise Unruly(f"{path} is larger than {_MOST // 1024} KiB")
    return parse_rules(content.decode("utf-8", "replace"), path)


def check_above(path: str) -> None:
    """Raises Unruly when others than root could put something else in the place of `path`."""
    folder = os.path.dirname(os.path.realpath(path))
    _check_writers(folder, os.stat(folder))
    while folder != "/":
        folder = os.path.dirname(folder)
        status = os.stat(folder)
        # In one like /tmp everybody can move only what is theirs.
        _check_writers(folder, status, may_write=bool(status.st_mode & stat.S_ISVTX))


def parse_rules(text: str, path: str) -> Rules:
    """Pure. Raises Unruly, which names the line."""
    found: dict[str, str | list[str]] = {}
    key = ""  # of the list whose items stand in lines of their own
    for number, whole in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        where, line = f"{path}:{number}", _without_comment(whole)
        if odd := _ODD.search(whole):
            raise Unruly(f"{where}: {odd[0]!r} is nothing that a line should hold")
        if not line.strip() or line == "---":
            continue
        if line.lstrip().startswith("-") and key:
            found[key] = [*found[key], _name(line.lstrip()[1:].strip(), where)]
            continue
        key, value = _pair(line, where)
        if key in found:
            raise Unruly(f"{where}: {key} stands there twice")
        found[key] = _value(key, value, where)
        key = key if found[key] == [] and not value else ""
    return _rules(found, path)


def _rules(found: dict[str, str | list[str]], path: str) -> Rules:
    users = found.get("users", [])
    if "root" in users and found.get("root") != "true":
        raise Unruly(f"{path}: root is no user like others: instead of naming it, write `root: true`")
    daemon_user, default_user = str(found.get("daemon_user", "")), str(found.get("default_user", ""))
    return Rules(daemon_user, default_user, frozenset(users), root=_BOOLEANS[str(found.get("root", "false"))])


def _check_writers(path: str, status: os.stat_result, *, may_write: bool = False) -> None:
    if status.st_uid != 0:
        raise Unruly(f"{path} does not belong to root: chown root {path}")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not may_write:
        raise Unruly(f"{path} can be written by others than root: chmod go-w {path}")


def _without_comment(line: str) -> str:
    kept = re.split(r"(?:^|\s)#", line, maxsplit=1)[0]
    return kept.rstrip()


def _pair(line: str, where: str) -> tuple[str, str]:
    key, colon, value = line.partition(":")
    if not colon or line[0] in " \t{[" or (value and value[0] not in " \t"):
        raise Unruly(f"{where}: expected `key: value` at the beginning of the line")
    if key not in _KEYS:
        raise Unruly(f"{where}: no key {key!r} is known here; there are {', '.join(_KEYS)}")
    return key, value.strip()


def _value(key: str, value: str, where: str) -> str | list[str]:
    if key == "users":
        return _listed(value, where)
    if key == "root":
        if value not in _BOOLEANS:
            raise Unruly(f"{where}: root is true or false, not {value!r}")
        return value
    return _name(value, where)


def _listed(value: str, where: str) -> list[str]:
    if not value:
        return []
    if not (value.startswith("[") and value.endswith("]")):
        raise Unruly(f"{where}: expected a list such as [backup, www-data], or items `- backup` below")
    inner = value[1:-1].strip()
    return [_name(each.strip(), where) for each in inner.split(",")] if inner else []


def _name(value: str, where: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    if not _NAME.fullmatch(value):
        raise Unruly(f"{where}: {value!r} is no name of a user")
    return value
