"""Where a run is found: the board while it goes on, the ledger when it has ended."""

from __future__ import annotations

from rota.core.errors import NotFound
from rota.core.log_page import LogLine, LogPage
from rota.core.run import Attempt, Run, parse_run_id
from rota.core.seams import AttemptRef
from rota.process.output import Written
from rota.web.services import Services


async def find_run(services: Services, run_id: str) -> Run:
    """The run as it is now; `<job>.latest` is the newest that was not skipped. Raises NotFound."""
    job, _, number = run_id.rpartition(".")
    found = await _latest(services, job) if number == "latest" else await _numbered(services, run_id)
    if found is None:
        raise _no_run(services, run_id)
    return services.board.open_run(found.series, found.number) or found


def _no_run(services: Services, run_id: str) -> NotFound:
    job, _, number = run_id.rpartition(".")
    if number != "latest":
        return NotFound(f"There is no run {run_id!r}.")
    services.board.entry(job)  # raises for a job that is not there
    return NotFound(f"{job} has not run yet.")


def attempt_of(run: Run, step: str | None = None, n: int | None = None) -> Attempt | None:
    """The newest attempt that fits, or None when there is none."""
    fitting = (
        attempt
        for attempt in reversed(run.attempts)
        if (step is None or attempt.step == step) and (n is None or attempt.n == n)
    )
    return next(fitting, None)


def ref_of(run: Run, attempt: Attempt) -> AttemptRef:
    """The name of the attempt's directory."""
    return AttemptRef(id=attempt.id, job=run.log_name, number=run.number, step=attempt.step, n=attempt.n)


def written_by(attempt: Attempt) -> Written | None:
    """What it wrote in all, once that is known."""
    return None if attempt.ended_at is None else Written(size=attempt.log_size, at=attempt.ended_at)


def page_of_log(services: Services, run: Run, attempt: Attempt, start: int, limit: int) -> LogPage:
    """Lines of the attempt's log from raw line `start` on. Reads files: call it off the loop's thread."""
    return services.logs.page(
        ref_of(run, attempt),
        start=start,
        limit=limit,
        markers=attempt.markers,
        written=written_by(attempt),
    )


def end_of_log(services: Services, run: Run, attempt: Attempt, limit: int) -> LogPage:
    """The last lines of the attempt's log, at most `limit`. Reads files: call it off the loop's thread."""
    start = max(0, attempt.log_line - limit)
    lines: list[LogLine] = []
    while True:
        page = page_of_log(services, run, attempt, start, _STRIDE)
        lines = [*lines, *page.lines][-limit:]
        # A log that grows faster than it is read has no end: what comes meanwhile is for the next time.
        has_caught_up = page.next >= attempt.log_line and page.next - start < _STRIDE
        if page.end or page.next == start or has_caught_up:
            return LogPage(lines=lines, next=page.next, end=page.end, gap=page.gap)
        start = page.next


_STRIDE = 5000


async def _numbered(services: Services, run_id: str) -> Run | None:
    try:
        job, number = parse_run_id(run_id)
    except ValueError as error:
        raise NotFound(f"There is no such run: {error}.") from None
    known = services.board.open_run(job, number)
    if known is not None:
        return known
    # Numbers beyond what the ledger can hold are not there, rather than an error of the database.
    if number >= 2**62:
        return None
    found = await services.store.run(job, number)
    if found is not None:
        return found
    own, dot, parent = job.partition(".")
    now = await services.store.renamed(own)
    return None if now is None else await services.store.run(f"{now}{dot}{parent}", number)


async def _latest(services: Services, job: str) -> Run | None:
    now = await services.store.renamed(job) if job not in services.board.jobs else None
    return await services.store.latest(now or job)
