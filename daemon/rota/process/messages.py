"""Between the values of `core.seams` and the runner's messages, as docs/runner-protocol.md has them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rota.core.instant import from_ms
from rota.core.model import RunAs
from rota.core.run import Used
from rota.core.seams import (
    Account,
    AttemptRef,
    AttemptReport,
    AttemptWhere,
    EndCause,
    Ended,
    Notice,
    RunnerFacts,
    Started,
    StartOrder,
)
from rota.runner.protocol import LARGE, Message, pack


def start_message(order: StartOrder) -> Message:
    return {
        "type": "start",
        **ref_message(order.ref),
        "argv": list(order.argv),
        "env": dict(order.env),
        "cwd": order.cwd,
        "timeoutMs": order.timeout_ms,
        "graceMs": order.grace_ms,
        "output": order.output,
        "watchdogMs": order.watchdog_ms,
        "limits": limits_message(order),
        "secrets": {name: dict(place) for name, place in order.secrets.items()},
        **as_message(order.run_as),
    }


def limits_message(order: StartOrder) -> Message:
    """The member `limits` of `start`; what is not limited is not in it."""
    named = {"memory": order.memory, "cpu": order.cpu, "pids": order.pids, "nofile": order.nofile}
    limits: Message = {name: value for name, value in named.items() if value is not None}
    return {**limits, "require": True} if order.require_limits and limits else limits


def as_message(wish: RunAs) -> Message:
    """The member `as` of `start`, unless there is nothing in it."""
    texts = {"user": wish.user, "group": wish.group, "io": wish.io}
    numbers = {"umask": wish.umask, "nice": wish.nice}
    told: Message = {name: text for name, text in texts.items() if text}
    told |= {name: value for name, value in numbers.items() if value is not None}
    return {"as": told} if told else {}


def fits(order: StartOrder) -> bool:
    """Whether the runner takes an order as long as this; one that is longer costs the whole connection."""
    texts = (*order.argv, *order.env.values(), *order.env)
    # No character takes more than six bytes in JSON, so nearly all need no closer look.
    if 6 * sum(len(text) for text in texts) + 4 * len(texts) < LARGE // 2:
        return True
    return sum(len(packet) for packet in pack([start_message(order)])) <= LARGE


def ref_message(ref: AttemptRef) -> Message:
    return {"attempt": ref.id, "job": ref.job, "run": ref.number, "step": ref.step, "n": ref.n}


def read_facts(message: Mapping[str, object]) -> RunnerFacts:
    """From `hello`."""
    return RunnerFacts(
        user=_text(message, "user"),
        home=_text(message, "home"),
        shell=_text(message, "shell"),
        boot_id=_text(message, "bootId"),
        pid=_number(message, "pid"),
        state=_text(message, "state"),
        unenforced=_texts(message.get("unenforced")),
        version=_text(message, "version"),
        is_root=message.get("isRoot") is True,
        users=_accounts(message),
        any_user=message.get("anyUser") is True,
    )


def read_started(value: object) -> Started | None:
    if not isinstance(value, dict):
        return None
    return Started(
        pid=_number(value, "pid"), pid_started=_number(value, "pidStarted"), at=from_ms(_number(value, "at"))
    )


def read_ended(value: object) -> Ended | None:
    if not isinstance(value, dict):
        return None
    return Ended(
        cause=_cause(value.get("cause")),
        exit_code=_optional(value.get("exitCode")),
        signal=_optional(value.get("signal")),
        at=from_ms(_number(value, "at")),
        log_size=_number(value, "size"),
        used=_used(value.get("used")),
        left_behind=_number(value, "leftBehind"),
        log_lost=_number(value, "lost"),
        has_outputs=value.get("outputs") is not False,
        notices=read_notices(value),
    )


def read_report(entry: Mapping[str, object]) -> AttemptReport:
    """From an entry of `found`."""
    ended = read_ended(entry.get("ended"))
    where = AttemptWhere(_text(entry, "where")) if ended is None else AttemptWhere.ENDED
    started = read_started(entry.get("started"))
    return AttemptReport(where=where, started=started, ended=ended, notices=read_notices(entry))


def read_notices(message: Mapping[str, object]) -> tuple[Notice, ...]:
    """The member `notices`, in order; none when there is no such member."""
    return tuple(
        Notice(
            n=_number(entry, "n"),
            at=from_ms(_number(entry, "at")),
            size=_number(entry, "size"),
            kind=_text(entry, "kind"),
            text=_text(entry, "text"),
        )
        for entry in entries(message, "notices")
    )


def unknown_end(at: datetime) -> Ended:
    """The end of an attempt of which nothing is left to see."""
    return Ended(cause=EndCause.UNKNOWN, exit_code=None, signal=None, at=at, log_size=0)


def entries(message: Mapping[str, object], member: str) -> list[Mapping[str, object]]:
    """A list of objects; anything else in its place is empty."""
    value = message.get(member)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _accounts(message: Mapping[str, object]) -> dict[str, Account]:
    found = [
        Account(user=_text(entry, "user"), home=_text(entry, "home"), shell=_text(entry, "shell"))
        for entry in entries(message, "users")
    ]
    return {account.user: account for account in found}


def _used(value: object) -> Used | None:
    if not isinstance(value, dict):
        return None
    return Used(
        user_ms=_number(value, "userMs"),
        system_ms=_number(value, "systemMs"),
        peak_bytes=_number(value, "peakBytes"),
        read_bytes=_number(value, "readBytes"),
        written_bytes=_number(value, "writtenBytes"),
        switches=_number(value, "switches"),
    )


def _cause(value: object) -> EndCause:
    try:
        return EndCause(str(value))
    except ValueError:
        return EndCause.UNKNOWN  # a newer runner may know more causes


def _text(message: Mapping[str, object], member: str) -> str:
    value = message.get(member)
    return value if isinstance(value, str) else ""


def _texts(value: object) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {name: text for name, text in pairs if isinstance(name, str) and isinstance(text, str)}


def _number(message: Mapping[str, object], member: str) -> int:
    value = message.get(member)
    return value if isinstance(value, int) else 0


def _optional(value: object) -> int | None:
    return value if isinstance(value, int) else None
