"""Why a job did, or did not, run at an instant. Pure: from its schedule, its rows in the ledger, and now.

The ledger goes before the schedule: a schedule says what should have been, a row what was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rota.core.board import Due, JobEntry
from rota.core.run import Run, RunState, TriggeredBy
from rota.core.schedule import due_between, next_due, zone_of
from rota.core.words import counted, instant_in_words, length_in_words

NEAR = timedelta(seconds=60)  # people name minutes: an instant that much away is the one they mean
LATE = timedelta(seconds=10)  # a start that much after its time is told as late
LOOK = timedelta(days=5 * 366)  # how far back the instant before is looked for, in ever longer steps
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """`answer` is one sentence or two, `details` are further ones. `at`: the due instant it is about."""

    question: str
    answer: str
    at: datetime | None = None
    run: str | None = None  # id of the run, or of the row of skips
    reason: str | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known beside the board. `rows`: what answers due instants near the one asked for.

    `since`: when the present schedule was loaded. `kept_from`: rows older than this may be gone. `trouble`:
    what keeps the daemon from answering due instants now, a sentence.
    """

    rows: Sequence[Run] = ()
    since: datetime | None = None
    kept_from: datetime | None = None
    trouble: str = ""


def span_of(entry: JobEntry, at: datetime) -> tuple[datetime, datetime]:
    """From the due instant before `at` to the one after it: whose rows an answer may tell of."""
    spec = entry.spec
    reach = NEAR + max((trigger.spread for trigger in spec.triggers), default=timedelta(0))
    before = _before(entry, at)
    after = next(iter(next_due(spec.id, spec.triggers, at, 1, entry.situation)), None)
    begin = at - reach if before is None else min(before.at, at - reach)
    return begin, at + reach if after is None else max(after.at, at + reach)


def why_at(entry: JobEntry, past: Past, at: datetime, now: datetime) -> Why:
    """What became of the due instant nearest to `at`, or that there was none."""
    asked = _Asked(entry, past, at, now)
    row, due = asked.row(), asked.due()
    if row is not None and (due is None or _distance(row, at) <= _how_far(due, at)):
        return asked.answered(row, row.due_at or at, due)
    if due is None:
        return asked.not_due()
    found = _row_of(past.rows, due.at)
    return asked.unanswered(due) if found is None else asked.answered(found, due.at, due)


def outcome(entry: JobEntry, row: Run, at: datetime, now: datetime) -> str:
    """What became of the due instant `at` that this row answers, as a sentence without its end."""
    words = _Words(entry)
    if row.state is RunState.SKIPPED:
        message = row.message or (row.reason.value if row.reason else "no reason is known")
        return f"the run at {words.at(at)} was skipped: {message}"
    told = f"{row.id} is for {words.at(at)}"
    if row.state is RunState.PENDING:
        return f"{told}; it has not begun: it {row.message or 'waits for its turn'}"
    if row.state is RunState.RUNNING:
        return f"{told}; it runs since {words.at(row.started_at or row.created_at)}"
    if row.state is RunState.RETRYING:
        again = f"tries again at {words.at(row.next_attempt_at)}" if row.next_attempt_at else "tries again"
        return f"{told}; after attempt {row.attempt} of {row.max_attempts} it {again}"
    ended = f" at {words.at(row.ended_at)}" if row.ended_at else ""
    message = f": {row.message}" if row.message else ""
    ran = "ran" if row.started_at is not None else "was made"
    return f"it {ran} as {row.id} for {words.at(at)}, which {_ENDS[row.state]}{ended}{message}"


def how_late(entry: JobEntry, row: Run) -> str:
    """Why a run started later than its instant, a sentence; "" when it was in time or never began."""
    if row.due_at is None or row.started_at is None:
        return ""
    late, delay = row.started_at - row.due_at, (row.planned_at or row.due_at) - row.due_at
    if late <= LATE:
        return ""
    told = f"It started {length_in_words(_rounded(late))} after its time"
    if row.triggered_by is TriggeredBy.CATCH_UP:
        return f"{told}: nothing could run then, and it was caught up."
    if late - delay <= LATE:
        return f"{told}: `spread` delays it by {length_in_words(_rounded(delay))}."
    spread = f" `spread` delays it by {length_in_words(_rounded(delay))}; then" if delay else ""
    return f"{told}:{spread} it waited for its turn."


class _Words:
    """Instants in the zone of the schedule."""

    def __init__(self, entry: JobEntry) -> None:
        self._zone: ZoneInfo = zone_of(entry.spec.triggers)

    def at(self, at: datetime) -> str:
        return instant_in_words(at.replace(microsecond=0), self._zone)


class _Asked:
    """One question about one instant."""

    def __init__(self, entry: JobEntry, past: Past, at: datetime, now: datetime) -> None:
        self._entry = entry
        self._past = past
        self._at = at
        self._now = now
        self._words = _Words(entry)
        told, job = self._words.at(at), entry.spec.id
        self._question = f"Will {job} run at {told}?" if at > now else f"Did {job} run at {told}, and why?"

    def row(self) -> Run | None:
        """The row of a single instant that people may mean. Inside a stretch the schedule tells which."""
        near = [row for row in self._past.rows if row.due_at and _distance(row, self._at) <= NEAR]
        best = min(near, key=lambda row: _distance(row, self._at), default=None)
        return best if best is not None and best.count == 1 else None

    def due(self) -> Due | None:
        """The nearest instant, of those that the schedule names and of the ends of stretches."""
        job, at = self._entry.spec.id, self._at
        spread = max((trigger.spread for trigger in self._entry.spec.triggers), default=timedelta(0))
        named = [*_instants(self._entry, at - NEAR - spread - _TICK, at + NEAR + spread)]
        # Ends of stretches may come from an earlier schedule, or from the end of another job's run.
        ends = [
            end for row in self._past.rows if row.count > 1 for end in (row.due_at, row.last_due_at) if end
        ]
        known = {due.at for due in named}
        named += [Due(job=job, at=end) for end in ends if end not in known]
        near = [due for due in named if _how_far(due, at) <= NEAR]
        return min(near, key=lambda due: _how_far(due, at), default=None)

    def answered(self, row: Run, at: datetime, due: Due | None) -> Why:
        """By a row of the ledger."""
        late = how_late(self._entry, row)
        details = [late] if late else []
        details += [self._stretch(row)] if row.count > 1 else []
        details += [f"It came after {', '.join(row.upstream)}."] if row.upstream else []
        details += [f"Clock change: {due.note}."] if due is not None and due.note else []
        return self._why(
            _sentence(outcome(self._entry, row, at, self._now)),
            at=at,
            run=row.id,
            reason=row.reason.value if row.reason else None,
            details=details,
        )

    def not_due(self) -> Why:
        """Neither the schedule nor the ledger knows that instant."""
        spec, told = self._entry.spec, self._words.at(self._at)
        if not spec.enabled:
            says = "its job file says `enabled: false`, so it has no due instants"
            return self._why(f"{spec.id} is disabled: {says}.", reason="disabled")
        if not spec.triggers:
            return self._why(f"{spec.id} has no schedule: it runs by hand only.", reason="no_schedule")
        details = [self._stretch(row) for row in self._past.rows if row.count > 1 and _covers(row, self._at)]
        details += self._around()
        since = self._past.since
        if since is not None and self._at < since:
            loaded = f"This schedule was loaded at {self._words.at(since)}"
            details.append(f"{loaded}; of the time before it only the ledger tells.")
        verb = "was not due" if self._at <= self._now else "is not due"
        return self._why(f"{spec.id} {verb} at {told}.", reason="not_due", details=details)

    def unanswered(self, due: Due) -> Why:
        """A due instant without a row."""
        job, past, told = self._entry.spec.id, self._past, self._words.at(due.at)
        reason, answer = "unknown", f"Nothing in the ledger answers {told}."
        if due.starts_at > self._now:
            reason, answer = "to_come", f"{job} is due at {told}, which is to come."
        elif past.since is not None and due.at < past.since:
            loaded = f"this schedule was loaded at {self._words.at(past.since)}"
            owes = "a new or changed schedule owes nothing older than its load"
            reason, answer = "not_loaded", f"{job} was not due at {told}: {loaded}, and {owes}."
        elif past.kept_from is not None and due.at < past.kept_from:
            gone = f"rows older than {self._words.at(past.kept_from)} may be gone"
            reason, answer = "not_kept", f"What became of the run at {told} is not known any more: {gone}."
        elif past.trouble:
            reason, answer = "unanswered", f"{told} is not answered yet. {past.trouble}"
        elif self._now - due.starts_at <= NEAR:
            reason, answer = "unanswered", f"{told} is not answered yet; that takes a moment."
        details = [f"Clock change: {due.note}."] if due.note else []
        if due.excepted and reason == "to_come":
            answer = f"No: {told} will be skipped: its schedule leaves out {due.excepted}."
        return self._why(answer, at=due.at, reason=reason, details=details)

    def _around(self) -> list[str]:
        """The instants before and after, with what became of them as far as is known."""
        spec, told = self._entry.spec, []
        after = next(iter(next_due(spec.id, spec.triggers, self._at, 1, self._entry.situation)), None)
        for label, due in (("before", _before(self._entry, self._at)), ("after", after)):
            if due is not None:
                note = f" ({due.note})" if due.note else ""
                at = f"{self._words.at(due.at)}{note}"
                told.append(f"The nearest due instant {label} it is {at}{self._became(due)}.")
        return told

    def _became(self, due: Due) -> str:
        row, since = _row_of(self._past.rows, due.at), self._past.since
        if row is not None:
            return f": {outcome(self._entry, row, due.at, self._now).rstrip('.')}"
        return ", before this schedule was loaded" if since is not None and due.at < since else ""

    def _stretch(self, row: Run) -> str:
        first, last = row.due_at or self._at, row.last_due_at or row.due_at or self._at
        span = f"{self._words.at(first)} to {self._words.at(last)}"
        message = f": {row.message.rstrip('.')}" if row.message else ""
        return f"{row.id} stands for {counted(row.count, 'due instant')} in a row, {span}{message}."

    def _why(
        self,
        answer: str,
        *,
        at: datetime | None = None,
        run: str | None = None,
        reason: str | None = None,
        details: Sequence[str] = (),
    ) -> Why:
        return Why(
            question=self._question, answer=answer, at=at, run=run, reason=reason, details=tuple(details)
        )


_ENDS = {
    RunState.COMPLETED: "completed",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "was cancelled",
}


def _distance(row: Run, at: datetime) -> timedelta:
    assert row.due_at is not None
    ends = (row.due_at, row.last_due_at if row.count > 1 else row.planned_at)
    return min(abs(end - at) for end in ends if end is not None)


def _how_far(due: Due, at: datetime) -> timedelta:
    return min(abs(due.at - at), abs(due.starts_at - at))


def _row_of(rows: Sequence[Run], at: datetime) -> Run | None:
    """The row that answers exactly that instant, alone or inside a stretch."""
    alone = (row for row in rows if row.count == 1 and row.due_at == at)
    return next(alone, None) or next((row for row in rows if row.count > 1 and _covers(row, at)), None)


def _covers(row: Run, at: datetime) -> bool:
    return row.due_at is not None and row.due_at <= at <= (row.last_due_at or row.due_at)


def _instants(entry: JobEntry, after: datetime, until: datetime) -> Iterator[Due]:
    if not entry.spec.enabled:
        return iter(())
    return due_between(entry.spec.id, entry.spec.triggers, after, until, entry.situation)


def _before(entry: JobEntry, at: datetime) -> Due | None:
    """The newest instant at or before that one, looked for in ever longer steps."""
    step = timedelta(minutes=1)
    while step < LOOK:
        newest = deque(_instants(entry, at - step, at), maxlen=1)
        if newest:
            return newest[0]
        step *= 6
    return None


def _rounded(length: timedelta) -> timedelta:
    """To whole seconds."""
    return timedelta(seconds=round(length.total_seconds()))


def _sentence(text: str) -> str:
    """With a capital, unless an id or a number begins it, and a full stop."""
    first = text.split(" ", 1)[0]
    begun = text if "." in first else text[:1].upper() + text[1:]
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."
