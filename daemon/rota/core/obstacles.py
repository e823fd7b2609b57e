"""When a job runs next, how it was last, and what could stop it: sentences, from the board alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rota.core.board import Board, Due, HealthState, JobEntry
from rota.core.cron_words import listed
from rota.core.except_words import except_in_words
from rota.core.instant import to_ms
from rota.core.model import Condition, Overlap
from rota.core.pauses import JOB, covering, scope_in_words
from rota.core.room import Claim
from rota.core.run import Run, RunState
from rota.core.run_as import obstacle
from rota.core.schedule import zone_of
from rota.core.seams import Pause
from rota.core.triggers import AfterTrigger, Ending, EveryTrigger
from rota.core.why import Why, outcome
from rota.core.words import counted, instant_in_words, length_in_words

_HEALTH = {"runner": "nothing can be started", "store": "nothing can be recorded"}
_FATE = {
    Overlap.SKIP: "is skipped (overlap)",
    Overlap.QUEUE: "waits in the queue (overlap)",
    Overlap.REPLACE: "ends it and takes its place (overlap: replace)",
}


def why_now(entry: JobEntry, board: Board, now: datetime) -> Why:
    """How the job was last, when it runs next, and what could stop that."""
    job = entry.spec.id
    stops = tuple(obstacles(entry, board, now))
    run = entry.active[0] if entry.active else entry.last
    return Why(
        question=f"When will {job} run, and what could stop it?",
        answer=f"Last: {last_words(entry, now)} Next: {next_words(entry, now)}",
        at=entry.next_due[0].at if entry.next_due else None,
        run=run.id if run is not None else None,
        details=stops or ("Nothing is known that could stop it.",),
    )


def last_words(entry: JobEntry, now: datetime) -> str:
    """What happened last, one sentence."""
    if entry.active:
        run = entry.active[0]
        since = _at(entry, run.started_at or run.created_at)
        return f"{run.id} is {run.state.value} since {since}."
    skip = entry.last_skip
    if skip is not None and skip.due_at is not None:
        told = outcome(entry, skip, skip.last_due_at or skip.due_at, now).rstrip(".")
        return f"{told}."
    if entry.last is None:
        return "it has not run yet."
    ended = _at(entry, entry.last.ended_at or entry.last.created_at)
    message = f": {entry.last.message.rstrip('.')}" if entry.last.message else ""
    return f"{entry.last.id} {entry.last.state.value} at {ended}{message}."


def next_words(entry: JobEntry, now: datetime) -> str:
    """When it runs next, one sentence."""
    spec = entry.spec
    if not spec.enabled:
        return "never, it is disabled."
    if not spec.triggers:
        return "when somebody starts it, it has no schedule."
    if not entry.next_due:
        waits = [_waits_for(trigger) for trigger in spec.triggers if isinstance(trigger, AfterTrigger)]
        if waits:
            return f"{'; '.join(waits)}."
        if any(isinstance(each, EveryTrigger) and each.from_end for each in spec.triggers):
            return "some time after the end of its run."
        return "never, its schedule names no further time."
    for due in entry.next_due:
        if covering(entry.pauses, due.starts_at) is None and not _is_asked(entry, due.at):
            left = due.starts_at - now
            soon = f", in {length_in_words(_whole(left))}" if left > timedelta(seconds=1) else ""
            return f"{_at(entry, due.starts_at)}{soon}."
    return f"not at {_at(entry, entry.next_due[0].starts_at)}, its next due instant."


def obstacles(entry: JobEntry, board: Board, now: datetime) -> Iterator[str]:
    """What could stop its next run, most certain first; each a sentence."""
    if not entry.spec.enabled:
        yield "It is disabled: its job file says `enabled: false`."
    yield from _wishes(entry)
    yield from trouble(entry, board, now)
    if board.runner is not None and (why := obstacle(entry.spec, board.runner)):
        yield f"{why[0].upper()}{why[1:]}."
    yield from _in_the_way(entry)
    yield from _room(entry, board)
    yield from _of_the_file(entry)
    yield from _upstreams(entry, board)


def trouble(entry: JobEntry, board: Board, now: datetime) -> Iterator[str]:
    """What keeps the daemon from starting anything, sentences."""
    if board.quiet_until is not None and board.quiet_until > now:
        yield f"The daemon starts nothing before {_at(entry, board.quiet_until)} (startup_delay)."
    if board.draining_since is not None:
        yield f"The daemon drains since {_at(entry, board.draining_since)}: it starts nothing new."
    for key, effect in _HEALTH.items():
        item = board.health.get(key)
        if item is not None and item.state is HealthState.FAILED:
            yield f"{effect[0].upper()}{effect[1:]} now: {item.note.rstrip('.') or item.label}."


def pause_sentence(entry: JobEntry, pause: Pause) -> str:
    """Who said it of whom, since when, until when and why."""
    whose = "" if pause.scope == JOB else f" with {scope_in_words(pause.scope)}"
    until = "until it is resumed" if pause.until is None else f"until {_at(entry, pause.until)}"
    note = f": {pause.note.rstrip('.')}" if pause.note else ""
    return f"It is paused{whose} since {_at(entry, pause.since)} {until}{note}."


def fate_of(entry: JobEntry, due: Due) -> str:
    """How people's wishes keep a due instant to come from running: a few words, "" when they don't."""
    if _is_asked(entry, due.at):
        return "will be skipped, as asked"
    return "" if covering(entry.pauses, due.starts_at) is None else "will be skipped: paused"


def skip_sentence(entry: JobEntry) -> str:
    """Which instant somebody asked to skip; "" when nobody did, or it has passed."""
    wish = entry.skip_next
    if wish is None or (wish.at is not None and wish.at not in [due.at for due in entry.next_due]):
        return ""
    which = "The next run" if wish.at is None else f"The run at {_at(entry, wish.at)}"
    note = f": {wish.note.rstrip('.')}" if wish.note else ""
    return f"{which} will be skipped, as asked at {_at(entry, wish.asked_at)}{note}."


def _wishes(entry: JobEntry) -> Iterator[str]:
    for pause in entry.pauses:
        yield pause_sentence(entry, pause)
    if told := skip_sentence(entry):
        yield told


def _in_the_way(entry: JobEntry) -> Iterator[str]:
    limits, active = entry.spec.concurrency, entry.active
    if len(active) >= limits.max:
        yield f"{_under_way(entry, active[0])}; a run that is due before it is over {_FATE[limits.overlap]}."
    waiting = entry.queued
    if waiting:
        is_full = limits.overlap is Overlap.QUEUE and len(waiting) >= limits.queue
        full = ", which is full: another one is skipped" if is_full else ""
        verb = "waits" if len(waiting) == 1 else "wait"
        yield f"{counted(len(waiting), 'run')} {verb} in the queue{full}."
        yield from (f"{run.id} {run.message.rstrip('.')}." for run in waiting[:3] if run.message)


def _under_way(entry: JobEntry, run: Run) -> str:
    if run.state is RunState.RETRYING and run.next_attempt_at is not None:
        return f"{run.id} tries again at {_at(entry, run.next_attempt_at)}"
    attempt = run.current_attempt
    limit = attempt.timeout_at if attempt is not None else None
    until = "without a time limit" if limit is None else f"until {_at(entry, limit)} at the latest"
    return f"{run.id} is {run.state.value}, {until}"


def _room(entry: JobEntry, board: Board) -> Iterator[str]:
    spec = entry.spec
    limits = spec.concurrency
    claim = Claim(
        job=spec.id,
        number=0,
        since=to_ms(board.started_at),
        pool=limits.pool,
        weight=limits.weight,
        lock=limits.lock,
        priority=limits.priority,
    )
    if not entry.active and not entry.queued and (obstacle := board.room.obstacle(claim)):
        yield f"A run that began now {obstacle}."


def _of_the_file(entry: JobEntry) -> Iterator[str]:
    spec = entry.spec
    if entry.stale:
        yield "Its file has problems: its last good version runs."
    if spec.start_deadline is not None:
        length = length_in_words(spec.start_deadline)
        yield f"A run that can't start within {length} is skipped (start_deadline)."
    if isinstance(spec.condition, Condition):
        yield f"It runs only if its condition is met: {spec.condition.text}."
    free = dict.fromkeys(except_in_words(each) for trigger in spec.triggers for each in trigger.excepts)
    if free:
        yield f"Its schedule leaves out {listed(free)}."


def _upstreams(entry: JobEntry, board: Board) -> Iterator[str]:
    for trigger in entry.spec.triggers:
        if not isinstance(trigger, AfterTrigger):
            continue
        for job in trigger.jobs:
            upstream = board.jobs.get(job)
            if upstream is None:
                yield f"There is no job {job}, which it comes after."
            elif not upstream.spec.enabled:
                yield f"{job}, which it comes after, is disabled."
            elif upstream.pause is not None:
                yield f"{job}, which it comes after, is paused."


def _waits_for(trigger: AfterTrigger) -> str:
    ends = {Ending.COMPLETED: "completed", Ending.FAILED: "failed", Ending.ALWAYS: "ended"}[trigger.on]
    jobs = f" {'and' if trigger.all else 'or'} ".join(trigger.jobs)
    return f"after {jobs} {'have' if trigger.all and len(trigger.jobs) > 1 else 'has'} {ends}"


def _is_asked(entry: JobEntry, at: datetime) -> bool:
    return entry.skip_next is not None and entry.skip_next.at == at


def _at(entry: JobEntry, at: datetime) -> str:
    return instant_in_words(at.replace(microsecond=0), zone_of(entry.spec.triggers))


def _whole(length: timedelta) -> timedelta:
    """To seconds below an hour, to minutes above: nobody reads "21 h 3 m 17 s" to its end."""
    seconds = round(length.total_seconds())
    return timedelta(seconds=seconds if seconds < 3600 else seconds // 60 * 60)
