"""All attempts the runner holds, and what can be said about one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.runner.protocol import in_pages
from rota.runner.record import Records

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rota.runner.attempt import Attempt
    from rota.runner.protocol import Message


class Table:
    """Attempts by id, and the live ones by pid."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.attempts: dict[str, Attempt] = {}
        self._by_pid: dict[int, Attempt] = {}

    def add(self, attempt: Attempt) -> None:
        self.attempts[attempt.id] = attempt
        if attempt.ended is None and not attempt.adopted and not attempt.gone:
            self._by_pid[attempt.pid] = attempt

    def first_pids(self) -> Collection[int]:
        """First processes of live attempts that are children of this runner and not reaped yet."""
        return self._by_pid.keys()

    def pop_child(self, pid: int) -> Attempt | None:
        """The attempt whose first process was that child of ours, which is no more."""
        return self._by_pid.pop(pid, None)

    def forget(self, attempt_id: str) -> bool:
        """Acknowledged: gone from the table, if it had ended."""
        attempt = self.attempts.get(attempt_id)
        if attempt is None or attempt.ended is None:
            return False
        del self.attempts[attempt_id]
        self._records.release(attempt_id)
        return True

    def live(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts.values() if attempt.ended is None]

    def holds_any_of(self, directory: str) -> bool:
        """Whether anything below `<job>/<run>` is held."""
        return any(attempt.directory.startswith(f"{directory}/") for attempt in self.attempts.values())

    def pages(self) -> Iterator[Message]:
        """The members `live`, `ended` and `more` of as many messages as it takes, at least one."""
        entries = (_live(each) if each.ended is None else _ended(each) for each in self.attempts.values())
        for page, more in in_pages(entries):
            yield {
                "live": [entry for entry in page if "ended" not in entry],
                "ended": [entry for entry in page if "ended" in entry],
                "more": more,
            }

    def report(self, attempt_id: str, directory: str) -> Message:
        """One entry of `found`: from the table, else from the attempt's directory."""
        attempt = self.attempts.get(attempt_id)
        if attempt is not None:
            where = "live" if attempt.ended is None else "ended"
            report = _report(attempt_id, where, attempt.started_message(), attempt.ended)
            return {**report, **notices(attempt)}
        files = self._records.open_attempt(directory)
        if files is None:
            return _report(attempt_id, "absent", None, None)
        try:
            ended = self._records.exit(files)
            pid = self._records.pid(files) or {}
        finally:
            self._records.close(files)
        started = {name: pid[name] for name in ("pid", "pidStarted", "at")} if "pidStarted" in pid else None
        return _report(attempt_id, "lost" if ended is None else "ended", started, ended)


def notices(attempt: Attempt) -> Message:
    """The member `notices`: the newest of each kind that it said by NOTIFY_SOCKET, if any."""
    said = [] if attempt.inbox is None else attempt.inbox.newest()
    return {"notices": said} if said else {}


def _live(attempt: Attempt) -> Message:
    return {
        "attempt": attempt.id,
        "directory": attempt.directory,
        "started": attempt.started_message(),
        "size": attempt.size,
        **notices(attempt),
    }


def _ended(attempt: Attempt) -> Message:
    return {
        "attempt": attempt.id,
        "directory": attempt.directory,
        "started": attempt.started_message(),
        "ended": attempt.ended,
    }


def _report(attempt_id: str, where: str, started: Message | None, ended: Message | None) -> Message:
    report: Message = {"attempt": attempt_id, "where": where}
    if started is not None:
        report["started"] = started
    if ended is not None:
        report["ended"] = ended
    return report
