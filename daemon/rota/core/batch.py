"""A batch: items cut into chunks, a child run for each of them, and what their ends mean for the parent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rota.core.changed import changed
from rota.core.run import Children, Progress, Run, RunState

MAX_ITEM = 64 * 1024  # bytes of the items of one child as JSON
NAMED = 3  # failed children that a message names

Items = tuple[object, ...]

_PLACES: Mapping[RunState, str] = {
    RunState.PENDING: "pending",
    RunState.RUNNING: "running",
    RunState.RETRYING: "running",  # it goes on, and keeps its place among those at once
    RunState.COMPLETED: "completed",
    RunState.SKIPPED: "completed",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "cancelled",
}
DONE = frozenset({RunState.COMPLETED, RunState.SKIPPED})  # a retry of the parent need not do these again


class WrongItems(ValueError):
    """The items can't be worked on; the message says why, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What one child has to do; `place` counts from 1 and is the child's number."""

    place: int
    items: Items


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the ledger holds of the children of a parent.

    `open`: those that are not final, by number; `states`: how many of those that have begun are where;
    `begun`: the highest number of a child that has begun; `chunks`: how many children there are to be.
    """

    open: Sequence[Run]
    states: Mapping[RunState, int]
    begun: int
    chunks: int


def chunked(items: Sequence[object], size: int, *, first: int = 1) -> Iterator[Chunk]:
    """The items in order, `size` to a chunk.

    Raises WrongItems for a chunk that no child can be given.
    """
    for place, start in enumerate(range(0, len(items), size), start=first):
        chunk = tuple(items[start : start + size])
        _check(chunk, f"the items of child {place}" if size > 1 else f"item {place}")
        yield Chunk(place=place, items=chunk)


def moved(counts: Children, before: RunState, after: RunState) -> Children:
    """The counts when one child goes from one state to another."""
    old, new = _PLACES[before], _PLACES[after]
    if old == new:
        return counts
    return changed(counts, **{old: getattr(counts, old) - 1, new: getattr(counts, new) + 1})


def counted(known: Known) -> Children:
    """The counts by what the ledger holds; whoever has not begun is pending."""
    places = dict.fromkeys(set(_PLACES.values()), 0)
    for state, count in known.states.items():
        places[_PLACES[state]] += count
    places["pending"] += known.chunks - sum(known.states.values())
    return Children(**places)


def given_up(counts: Children) -> Children:
    """No child begins any more: those that have not are cancelled."""
    return changed(counts, pending=0, cancelled=counts.cancelled + counts.pending)


def in_words(counts: Children) -> str:
    """`3 pending, 4 running, 12 completed, 1 failed`."""
    words = f"{counts.pending} pending, {counts.running} running, {counts.completed} completed, "
    words += f"{counts.failed} failed"
    return f"{words}, {counts.cancelled} cancelled" if counts.cancelled else words


def progress(counts: Children) -> Progress:
    """How many children have ended, of all."""
    ended = counts.completed + counts.failed + counts.cancelled
    return Progress(current=ended, total=counts.total, text=in_words(counts))


def with_counts(parent: Run, counts: Children) -> Run:
    """The parent with its children there; its progress and its message tell so."""
    done = progress(counts)
    return changed(parent, children=counts, progress=done, message=done.text)


def is_good(counts: Children, tolerate: int) -> bool:
    """Whether no more children failed, or were cancelled, than may."""
    return counts.failed + counts.cancelled <= tolerate


def verdict(counts: Children, tolerate: int, failed: Sequence[str]) -> str:
    """The message of a parent whose children have all ended; `failed`: ids of the first that failed."""
    if counts.total == 0:
        return "there was nothing to do"
    bad = counts.failed + counts.cancelled
    if bad == 0:
        return f"all {counts.total} children completed" if counts.total > 1 else "its child completed"
    words = [f"{counts.failed} failed"] if counts.failed else []
    words += [f"{counts.cancelled} cancelled"] if counts.cancelled else []
    message = f"of {counts.total} children {' and '.join(words)}"
    if tolerate:
        message += f", and {'only ' if bad > tolerate else ''}{tolerate} may"
    if failed:
        more = counts.failed - len(failed)
        message += f": {', '.join(failed)}" + (f" and {more} more" if more > 0 else "")
    return message


def _check(chunk: Items, what: str) -> None:
    text = json.dumps(chunk, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode("utf-8", "surrogatepass")) > MAX_ITEM:
        hint = ": make `chunk` smaller" if len(chunk) > 1 else ""
        raise WrongItems(f"{what}: larger than {MAX_ITEM // 1024} KiB as JSON{hint}")
    if "\\u0000" in text:
        raise WrongItems(f"{what}: a NUL character, which no program can be given")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise WrongItems(f"{what}: half a character (a surrogate)")
