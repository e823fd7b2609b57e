"""What comes, and what could stop it, on the page of a job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.jobs import a_job
from fakes.schedules import cron
from rota.core.board import Due, JobEntry
from rota.core.obstacles import pause_sentence
from rota.core.seams import Pause, SkipNext
from rota.core.triggers import AfterTrigger
from rota.views.job_next import next_section, why_section

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def an_entry(**changes: Any) -> JobEntry:
    return JobEntry(spec=a_job(triggers=(cron("0 * * * *"),)), **changes)


def notes(entry: JobEntry) -> list[str]:
    (section,) = next_section(entry)
    items: Any = section.children[0].props["items"]
    return [item.get("note", "") for item in items]


def sentences(entry: JobEntry, *obstacles: str) -> list[object]:
    return [line.props["value"] for section in why_section(entry, obstacles) for line in section.children]


def test_each_instant_says_what_will_become_of_it() -> None:
    spread = Due(job="backup", at=NOW + 2 * HOUR, delay=timedelta(minutes=3))
    entry = an_entry(
        next_due=(Due(job="backup", at=NOW + HOUR), spread),
        skip_next=SkipNext(at=NOW + HOUR, asked_at=NOW),
    )

    assert notes(entry) == ["will be skipped, as asked", "due at 14:00 + spread"]


def test_instants_of_a_paused_job_are_not_promised() -> None:
    entry = an_entry(next_due=(Due(job="backup", at=NOW + HOUR),), pauses=(Pause(since=NOW),))

    assert notes(entry) == ["will be skipped: paused"]


def test_a_job_that_comes_after_another_says_what_it_waits_for() -> None:
    entry = JobEntry(spec=a_job(triggers=(AfterTrigger(jobs=("export",)),)))

    (section,) = next_section(entry)
    assert section.children[0].props["value"] == "Next: after export completes"


def test_a_job_by_hand_has_neither_part() -> None:
    entry = JobEntry(spec=a_job(triggers=()))

    assert next_section(entry) == []
    assert why_section(entry, ["The runner is away."]) == []


def test_what_could_stop_it_is_told_in_sentences() -> None:
    assert sentences(an_entry(), "backup.3 is running.") == ["backup.3 is running."]
    assert sentences(an_entry()) == ["Nothing is known that could stop it."]


def test_what_a_banner_says_is_not_said_again() -> None:
    pause = Pause(since=NOW)
    entry = an_entry(pauses=(pause,))
    told = pause_sentence(entry, pause)

    assert sentences(entry, told) == []
    assert sentences(entry, told, "The runner is away.") == ["The runner is away."]
