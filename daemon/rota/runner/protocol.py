"""Packets and messages between daemon and runner, as docs/runner-protocol.md has them. Pure."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping

VERSION = (1, 2)
PACKET = 128 * 1024  # bytes of one packet; the kernel refuses more than about 220 kB
LARGE = 4 * 1024 * 1024  # bytes read from a memfd
IN_MEMFD = b"@"  # the whole packet, when the batch travels in a memfd
SECRET_KINDS = ("credential", "file", "env")
LIMITS = ("memory", "cpu", "pids", "nofile")
MOST_UMASK = 0o777
PAGE = 200  # attempts in one message of a table
PAGE_BYTES = 64 * 1024  # of them: each may have said much
LONGEST_TEXT = 2000  # characters of what is told in words
LONGEST_LEDGER = 200
LONGEST_VERSION = 20

Message = dict[str, object]

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_JOB = re.compile(r"[a-z0-9][a-z0-9-]{0,62}(\.[0-9]{1,16})?")  # or the children of one of its runs
_STEP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_IO = re.compile(r"idle|best-effort(:[0-7])?")
_ATTEMPT = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


class Garbled(Exception):
    """A packet that is no JSON array of objects."""


class Invalid(Exception):
    """A known message with a member missing or wrong; the text says which."""


def pack(messages: Iterable[Message]) -> list[bytes]:
    """Batches of at most `PACKET` bytes; a message that is larger alone is a batch of its own."""
    packets: list[bytes] = []
    batch: list[bytes] = []
    size = 2
    for message in messages:
        text = _ENCODER.encode(message).encode("utf-8", "surrogatepass")
        if batch and size + len(text) + 1 > PACKET:
            packets.append(b"[" + b",".join(batch) + b"]")
            batch, size = [], 2
        batch.append(text)
        size += len(text) + 1
    if batch:
        packets.append(b"[" + b",".join(batch) + b"]")
    return packets


def unpack(packet: bytes) -> list[Message]:
    """The messages of a packet. Raises Garbled, and nothing else, whatever the bytes are."""
    try:
        messages = json.loads(packet.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise Garbled("not a JSON array of messages") from error
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise Garbled("not a JSON array of messages")
    return messages


def in_pages(entries: Iterable[Message]) -> Iterator[tuple[list[Message], bool]]:
    """As many entries as one message has room for, and whether more follow; at least one page."""
    page: list[Message] = []
    size = 0
    for entry in entries:
        more = len(_ENCODER.encode(entry).encode("utf-8", "surrogatepass"))
        if page and (size + more > PAGE_BYTES or len(page) == PAGE):
            yield page, True
            page, size = [], 0
        page.append(entry)
        size += more
    yield page, False


def in_words(text: str) -> str:
    """For people, and short enough for any packet."""
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def version_text(version: tuple[int, int] = VERSION) -> str:
    return f"{version[0]}.{version[1]}"


def is_understood(text: object) -> bool:
    """Whether a peer of that version can be talked to: the same major, the minor at most one apart."""
    if not isinstance(text, str) or len(text) > LONGEST_VERSION:
        return False
    major, _, minor = text.partition(".")
    if not (major.isascii() and major.isdigit() and minor.isascii() and minor.isdigit()):
        return False
    return int(major) == VERSION[0] and abs(int(minor) - VERSION[1]) <= 1


class Wish:
    """A checked member `as`: empty or None where nothing is wished."""

    __slots__ = ("group", "io", "nice", "umask", "user")

    def __init__(self, value: object) -> None:
        """Raises Invalid."""
        if not isinstance(value, dict):
            raise Invalid("as must be an object")
        self.user = _optional_text(value, "user")
        self.group = _optional_text(value, "group")
        self.umask = None if value.get("umask") is None else _number(value, "umask")
        nice = value.get("nice")
        if nice is not None and (type(nice) is not int or not -20 <= nice <= 19):
            raise Invalid("as: nice must be a whole number from -20 to 19")
        self.nice: int | None = nice
        self.io = _optional_text(value, "io")
        if self.umask is not None and self.umask > MOST_UMASK:
            raise Invalid("as: umask must be a whole number from 0 to 511")
        if self.io and _IO.fullmatch(self.io) is None:
            raise Invalid(f"as: io {self.io!r} is not of the form {_IO.pattern}")

    @property
    def is_empty(self) -> bool:
        own = (self.umask, self.nice)
        return not (self.user or self.group or self.io) and own == (None, None)


class Order:
    """A checked `start`."""

    __slots__ = (
        *(
            "argv",
            "attempt",
            "cwd",
            "directory",
            "env",
            "grace_ms",
            "limits",
            "output",
            "requires",
            "secrets",
        ),
        *("timeout_ms", "watchdog_ms", "wish"),
    )

    def __init__(self, message: Mapping[str, object]) -> None:
        """Raises Invalid."""
        self.attempt, self.directory = parse_ref(message)
        self.argv = _texts(message, "argv")
        self.env = _environment(message.get("env"))
        self.cwd = _text(message, "cwd")
        timeout = message.get("timeoutMs")
        self.timeout_ms = None if timeout is None else _number(message, "timeoutMs")
        self.grace_ms = _number(message, "graceMs")
        self.output = _number(message, "output")
        self.secrets = _places(message.get("secrets"))
        watchdog = message.get("watchdogMs")
        self.watchdog_ms = None if watchdog is None else _number(message, "watchdogMs")
        limits = message.get("limits")
        self.limits = _limits({} if limits is None else limits)
        self.wish = Wish({} if message.get("as") is None else message["as"])
        self.requires = bool(self.limits) and isinstance(limits, dict) and limits.get("require") is True


def parse_ref(message: Mapping[str, object]) -> tuple[str, str]:
    """Attempt id and directory `<job>/<run>/<step>.<n>`; both are safe as names of files. Raises Invalid."""
    step, n = _name(message, "step", _STEP), _number(message, "n")
    return parse_attempt(message), f"{parse_run(message)}/{step}.{n}"


def parse_run(message: Mapping[str, object]) -> str:
    """`<job>/<run>`. Raises Invalid."""
    return f"{_name(message, 'job', _JOB)}/{_number(message, 'run')}"


def parse_attempt(message: Mapping[str, object]) -> str:
    """The member `attempt`. Raises Invalid."""
    return _name(message, "attempt", _ATTEMPT)


def parse_ledger(message: Mapping[str, object]) -> str:
    """The member `ledger`; empty when it does not matter. Raises Invalid."""
    ledger = _text(message, "ledger")
    if len(ledger) > LONGEST_LEDGER:
        raise Invalid(f"ledger must have at most {LONGEST_LEDGER} characters")
    return ledger


def parse_id(message: Mapping[str, object]) -> int | None:
    """The member `id`, by which an answer is known. Raises Invalid."""
    return None if message.get("id") is None else _number(message, "id")


def _name(message: Mapping[str, object], member: str, grammar: re.Pattern[str]) -> str:
    value = _text(message, member)
    if grammar.fullmatch(value) is None:
        raise Invalid(f"{member} {value!r} is not of the form {grammar.pattern}")
    return value


def _text(message: Mapping[str, object], member: str) -> str:
    value = message.get(member)
    if not _is_text(value):
        raise Invalid(f"{member} must be text without NUL")
    assert isinstance(value, str)
    return value


def _is_text(value: object) -> bool:
    """Whether files, accounts and variables can be called so."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True


def _optional_text(message: Mapping[str, object], member: str) -> str:
    return "" if message.get(member) is None else _text(message, member)


def _number(message: Mapping[str, object], member: str) -> int:
    value = message.get(member)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise Invalid(f"{member} must be a whole number from 0")
    return value


def _texts(message: Mapping[str, object], member: str) -> list[str]:
    values = message.get(member)
    if not isinstance(values, list) or not values:
        raise Invalid(f"{member} must be a list of at least one text")
    if not all(isinstance(value, str) and "\0" not in value for value in values):
        raise Invalid(f"{member} must hold texts without NUL")
    return values


def _places(value: object) -> dict[str, dict[str, str]]:
    """Where each secret is; a message without the member has none."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid("secrets must be an object")
    for name, place in value.items():
        if not name or "=" in name or not _is_text(name) or not isinstance(place, dict):
            raise Invalid(f"secrets: {name!r} must be a name with an object")
        if len(place) != 1 or not all(
            kind in SECRET_KINDS and _is_text(where) for kind, where in place.items()
        ):
            raise Invalid(f"secrets: {name} must have one of {', '.join(SECRET_KINDS)}, as text without NUL")
    return value


def _environment(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Invalid("env must be an object")
    for name, text in value.items():
        if not name or "=" in name or "\0" in name or not isinstance(text, str) or "\0" in text:
            raise Invalid(f"env {name!r} must be a name with a text without NUL")
    return value


def _limits(value: object) -> dict[str, int]:
    if not isinstance(value, dict):
        raise Invalid("limits must be an object")
    return {name: _number(value, name) for name in LIMITS if value.get(name) is not None}
