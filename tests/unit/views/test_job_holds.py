"""What holds a job back, on its page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.jobs import a_job
from rota.core.board import Due, JobEntry
from rota.core.seams import Pause, RunPage, SkipNext
from rota.core.triggers import EveryTrigger
from rota.views.job import JobView, job_page

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def an_entry(**changes: Any) -> JobEntry:
    return JobEntry(spec=a_job(triggers=(EveryTrigger(interval=HOUR),)), **changes)


def a_page(entry: JobEntry, *obstacles: str) -> Any:
    runs = RunPage(runs=(), total=0, next_cursor=None)
    return job_page("job/backup", JobView(entry=entry, runs=runs, obstacles=obstacles), now=NOW)


def offered(entry: JobEntry) -> dict[str, str | None]:
    page = a_page(entry).elements["page"]
    return {action["do"]: action.get("disabled") for action in page["actions"]}


def test_the_instant_that_will_be_skipped_is_named_with_who_asked_when() -> None:
    entry = an_entry(
        next_due=(Due(job="backup", at=NOW + HOUR),),
        skip_next=SkipNext(at=NOW + HOUR, asked_at=NOW, note="holiday"),
    )

    assert a_page(entry).elements["banner.skip"]["props"]["body"] == (
        "The run at 2026-01-01 13:00 UTC will be skipped, as asked at 2026-01-01 12:00 UTC: holiday."
    )


def test_every_pause_is_told_and_only_an_own_one_can_be_ended_here() -> None:
    tagged = Pause(since=NOW, scope="tag:nightly", note="disks")
    own = Pause(since=NOW, until=NOW + HOUR)

    told = a_page(an_entry(pauses=(own, tagged))).elements["banner.paused"]["props"]["body"]

    assert told == (
        "Its due instants are skipped. It is paused since 2026-01-01 12:00 UTC until 2026-01-01 13:00 UTC. "
        "It is paused with all jobs tagged nightly since 2026-01-01 12:00 UTC until it is resumed: disks. "
        "To end it: rota resume --tag nightly."
    )
    assert "job.resume" in offered(an_entry(pauses=(own, tagged)))
    assert offered(an_entry(pauses=(tagged,))) == {"job.run": None}


def test_one_instant_can_be_skipped_and_the_wish_taken_back() -> None:
    due = (Due(job="backup", at=NOW + HOUR),)
    asked = SkipNext(at=NOW + HOUR, asked_at=NOW)

    assert offered(an_entry(next_due=due)) == {"job.run": None, "job.skip": None, "job.pause": None}
    assert "job.unskip" in offered(an_entry(next_due=due, skip_next=asked))
    assert "job.skip" not in offered(an_entry(next_due=due, skip_next=asked))
    assert "job.skip" not in offered(an_entry())


def test_a_pause_of_many_jobs_is_named_where_a_job_has_its_state() -> None:
    held = a_page(an_entry(pauses=(Pause(since=NOW, scope="tag:nightly"),)))

    assert held.elements["job.backup.phase"]["props"]["reason"] == "with all jobs tagged nightly"
