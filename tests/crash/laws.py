"""What must hold of ledger and witness together, however often something was killed."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from crash.load import (
    AT_ONCE,
    ATTEMPTS,
    BACKOFF,
    CHAIN,
    ITEMS,
    LOCKED,
    NEEDS,
    POOLED,
    REPLACING,
    TRIED_AGAIN,
    Kind,
)
from crash.witness import SECOND, Row, each_instant_is_answered_once, read_ledger

OPEN = ("pending", "running", "retrying")
_SLACK = 0.005  # seconds: two clocks are read one after another
US = 1_000_000


class Said(NamedTuple):
    """A line of the witness: an attempt begins or ends, in µs since the epoch."""

    job: str
    run: str
    step: str
    n: int
    attempt: str
    item: str
    what: str
    at: int


class Tried(NamedTuple):
    """An attempt as the ledger has it."""

    run: str
    step: str
    n: int
    state: str
    reason: str | None
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All there is: answers to due instants, attempts by id, what they said of themselves."""

    rows: Sequence[Row]
    tried: Mapping[str, Tried]
    began: Mapping[str, Said]
    ended: Mapping[str, Said]
    twice: Sequence[str]  # attempts that began or ended twice
    states: Mapping[str, tuple[str, str | None]]  # of every run, by its id: state and reason
    children: Mapping[str, Mapping[str, int]]  # what each parent of a batch counts


def gather(state: Path, witness: Path) -> Evidence:
    """Read ledger and witness; the database must be sound."""
    said = [_line(line) for line in witness.read_text().splitlines()]
    counted = Counter((each.attempt, each.what) for each in said)
    with closing(sqlite3.connect(f"file:{state / 'ledger.db'}?mode=ro", uri=True)) as ledger:
        attempts = ledger.execute(
            "SELECT id, job || '.' || number, step, n, state, reason, ended_at FROM attempts"
        )
        tried = {id_: Tried(*rest) for id_, *rest in attempts}
        runs = ledger.execute("SELECT job || '.' || number, state, reason FROM runs")
        states = {run: (state, reason) for run, state, reason in runs}
        wanted = "SELECT job || '.' || number, children FROM runs WHERE children IS NOT NULL"
        children = {run: json.loads(counts) for run, counts in ledger.execute(wanted)}
    return Evidence(
        rows=read_ledger(state),
        tried=tried,
        began={each.attempt: each for each in said if each.what == "begin"},
        ended={each.attempt: each for each in said if each.what == "end"},
        twice=[attempt for (attempt, _), count in counted.items() if count > 1],
        states=states,
        children=children,
    )


def judge(found: Evidence, kinds: Mapping[str, Kind]) -> None:
    """Nothing lost, nothing doubled, nothing said that is not true, nothing out of turn."""
    _nothing_is_doubled(found)
    _nothing_is_lost(found)
    _every_end_is_true(found)
    for job, kind in kinds.items():
        if kind.seconds is not None:
            rows = [row for row in found.rows if row.job == job]
            each_instant_is_answered_once(rows, every=kind.seconds * SECOND)
    _backoff_was_waited_for(found)
    _steps_came_in_order(found)
    assert most_at_once(found, lambda each: each.job in POOLED) <= 2
    assert most_at_once(found, lambda each: each.job in LOCKED) == 1
    assert most_at_once(found, lambda each: each.job == REPLACING) == 1
    _each_item_has_its_child(found)


def each_end_has_led_to_what_comes_after_it(state: Path) -> None:
    """Each completed run of an upstream has exactly one run, or skip with a reason of its own, downstream."""
    with closing(sqlite3.connect(f"file:{state / 'ledger.db'}?mode=ro", uri=True)) as ledger:
        for job, upstream in CHAIN.items():
            ends = ledger.execute("SELECT number, state FROM runs WHERE job = ?", [upstream]).fetchall()
            completed = {f"{upstream}.{number}" for number, ended in ends if ended == "completed"}
            sql = "SELECT value FROM runs, json_each(upstream) WHERE job = ? AND reason IS NOT 'upstream'"
            after = [name for (name,) in ledger.execute(sql, [job])]
            twice = [name for name, count in Counter(after).items() if count > 1]
            assert not twice, f"{job} came twice after {twice}"
            assert set(after) == completed, f"{job} came wrongly after {set(after) ^ completed}"


def left_processes(state: Path) -> list[str]:
    """Processes of attempts below that state directory, by the mark in their environment."""
    mark, below = b"ROTA_ATTEMPT_ID=", f"ROTA_OUTPUT={state}/".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            named = (process / "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile, or is none of ours
        if any(each.startswith(mark) for each in environment) and any(
            each.startswith(below) for each in environment
        ):
            found.append(f"{process.name} {named!r}")
    return found


def most_at_once(found: Evidence, concerns: Callable[[Said], bool]) -> int:
    """How many of these attempts were under way at the same time, as they say themselves."""
    return _at_once(found, [each for each in found.began.values() if concerns(each)])


def _at_once(found: Evidence, begun: Sequence[Said]) -> int:
    changes = [(each.at, 1) for each in begun] + [(_end_of(found, each), -1) for each in begun]
    most = now = 0
    for _, change in sorted(changes):  # of the same moment the end comes first
        now += change
        most = max(most, now)
    return most


def _end_of(found: Evidence, began: Said) -> int:
    """As it says itself; of one that was killed before it could, as the ledger says."""
    said = found.ended.get(began.attempt)
    ended_at = found.tried[began.attempt].ended_at
    return said.at if said is not None else ended_at * 1000 if ended_at is not None else began.at


def _line(line: str) -> Said:
    job, run, step, n, attempt, item, what, at = line.split()
    return Said(job, run, step, int(n), attempt, item, what, int(at))


def _nothing_is_doubled(found: Evidence) -> None:
    assert not found.twice, f"attempts that began or ended twice: {found.twice}"
    begun = Counter((each.job, each.run, each.step) for each in found.began.values())
    most = {True: ATTEMPTS, False: 1}
    twice = [key for key, count in begun.items() if count > most[(key[0], key[2]) in TRIED_AGAIN]]
    assert not twice, f"started twice: {twice}"


def _nothing_is_lost(found: Evidence) -> None:
    lost = [each for each in found.began.values() if each.attempt not in found.tried]
    assert not lost, f"started, and not in the ledger: {lost}"
    wrong = [
        (each, tried)
        for each in found.began.values()
        if (each.run, each.step, each.n) != ((tried := found.tried[each.attempt]).run, tried.step, tried.n)
    ]
    assert not wrong, f"recorded as something else: {wrong}"
    unended = [run for run, (state, _) in found.states.items() if state in OPEN]
    assert not unended, f"never ended: {unended}"
    forgotten = [
        each for id_, each in found.tried.items() if each.state == "completed" and id_ not in found.ended
    ]
    assert not forgotten, f"recorded as completed, and did not get to its end: {forgotten}"


def _every_end_is_true(found: Evidence) -> None:
    """Who did not complete was skipped, or nobody saw the end; a first go of `retrying` fails on purpose."""
    odd = {
        run: end
        for run, end in found.states.items()
        if end[0] not in ("completed", "skipped")
        and end[1] != "unknown"
        and not _made_way(run, end)
        and not _has_failed_child(found, run)
    }
    assert not odd, f"ended otherwise than it can have: {odd}"
    failed = [
        each
        for each in found.tried.values()
        if each.state == "failed" and each.reason != "unknown" and not _is_meant(each)
    ]
    assert not failed, f"attempts that failed for a reason that is not ours: {failed}"


def _made_way(run: str, end: tuple[str, str | None]) -> bool:
    return run.startswith(f"{REPLACING}.") and end == ("cancelled", "replaced")


def _has_failed_child(found: Evidence, run: str) -> bool:
    children = [end for child, end in found.states.items() if child.rpartition(".")[0] == run]
    return any(state == "failed" for state, _ in children)


def _each_item_has_its_child(found: Evidence) -> None:
    """Each item of a batch once, never too many at once, and the parent counts what became of them."""
    begun: dict[str, list[Said]] = defaultdict(list)
    for each in found.began.values():
        begun[each.run.rpartition(".")[0]].append(each)
    for parent, counts in found.children.items():
        items = sorted(each.item for each in begun[parent])
        assert items == sorted(ITEMS), f"{parent} ended, and the items begun are {items}"
        assert _at_once(found, begun[parent]) <= AT_ONCE
        states = Counter(end[0] for run, end in found.states.items() if run.rpartition(".")[0] == parent)
        assert states == {name: n for name, n in counts.items() if n}, f"{parent} counts {counts}: {states}"


def _is_meant(attempt: Tried) -> bool:
    job = attempt.run.partition(".")[0]
    return (job, attempt.step) in TRIED_AGAIN and attempt.n == 1 and attempt.reason == "exit"


def _backoff_was_waited_for(found: Evidence) -> None:
    ends = {(each.run, each.step, each.n): each for each in found.ended.values()}
    for begun in found.began.values():
        before = ends.get((begun.run, begun.step, begun.n - 1))
        if before is not None:
            waited = (begun.at - before.at) / US
            assert waited >= BACKOFF - _SLACK, f"{begun.run} was tried again after {waited} s"


def _steps_came_in_order(found: Evidence) -> None:
    """Before a step begins, the newest go at each step that it needs has come to its end."""
    ends = {(each.run, each.step): each.at for each in sorted(found.ended.values(), key=lambda said: said.n)}
    for begun in found.began.values():
        for needed in NEEDS.get(begun.job, {}).get(begun.step, ()):
            at = ends.get((begun.run, needed))
            assert at is not None, f"{begun.run}: {begun.step} began without {needed}"
            assert at <= begun.at, f"{begun.run}: {begun.step} began before {needed} had ended"
