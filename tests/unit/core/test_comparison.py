"""What a change of the job files does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.jobs import a_job
from rota.core.comparison import Comparison, compare
from rota.core.instant_changes import InstantChanges
from rota.core.lengths import Known
from rota.core.model import Concurrency, Definition, Expect, JobSpec, Limits, Source
from rota.core.pressure import Side
from rota.core.triggers import (
    AfterTrigger,
    AtTrigger,
    CronTrigger,
    DateSpan,
    EveryTrigger,
    Except,
    Trigger,
)

BEGIN = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
MINUTE = timedelta(minutes=1)


def job(name: str, *triggers: Trigger, **settings: Any) -> JobSpec:
    definition = {"triggers": str(triggers), **{key: str(value) for key, value in settings.items()}}
    text = json.dumps(definition, sort_keys=True)
    source = Source(file=settings.pop("file", f"{name}.yaml"), line=1)
    spec = a_job(name, triggers=triggers, **settings)
    return JobSpec(
        **{
            **{field: getattr(spec, field) for field in spec.__slots__},
            "definition": Definition(text=text, hash=text),
            "source": source,
        }
    )


def daily(hour: int, minute: int = 0, **settings: Any) -> CronTrigger:
    return CronTrigger(expression=f"{minute} {hour} * * *", **settings)


def side(*jobs: JobSpec, **settings: Any) -> Side:
    return Side(jobs={spec.id: spec for spec in jobs}, **settings)


def compared(before: Side, after: Side, span: timedelta = DAY) -> Comparison:
    return compare(before, after, begin=BEGIN, until=BEGIN + span)


def only(comparison: Comparison) -> InstantChanges:
    (found,) = comparison.instants
    return found


def test_the_same_jobs_change_nothing() -> None:
    jobs = side(job("a", daily(2)), job("b", EveryTrigger(interval=MINUTE)))

    assert compared(jobs, jobs).is_empty


def test_jobs_are_added_and_removed_with_their_instants() -> None:
    found = compared(side(job("old", daily(2))), side(job("new", daily(3))))

    assert [spec.id for spec in found.added] == ["new"]
    assert [spec.id for spec in found.removed] == ["old"]
    assert [(each.job, len(each.appear), len(each.vanish)) for each in found.instants] == [
        ("new", 1, 0),
        ("old", 0, 1),
    ]


def test_a_renamed_job_keeps_its_instants() -> None:
    found = compared(side(job("old", daily(2))), side(job("new", daily(2), renamed_from="old")))

    assert [(each.before.id, each.after.id, each.keys) for each in found.renamed] == [("old", "new", ())]
    assert not found.added
    assert not found.removed
    assert not found.instants


def test_a_name_that_another_job_still_has_renames_nothing() -> None:
    both = side(job("old", daily(2)), job("new", daily(2), renamed_from="old"))

    assert [spec.id for spec in compared(side(job("old", daily(2))), both).added] == ["new"]


def test_an_instant_that_moves_is_paired_with_where_it_was() -> None:
    found = only(compared(side(job("a", daily(2))), side(job("a", daily(3)))))

    assert [(move.before.at.hour, move.after.at.hour) for move in found.move] == [(2, 3)]
    assert not found.appear
    assert not found.vanish


def test_of_two_new_instants_the_nearer_one_is_the_moved_one() -> None:
    new = job("a", CronTrigger(expression="0 4,9 * * *"))

    found = only(compared(side(job("a", daily(3))), side(new)))

    assert [(move.before.at.hour, move.after.at.hour) for move in found.move] == [(3, 4)]
    assert [due.at.hour for due in found.appear] == [9]


def test_moves_are_told_in_the_same_order_there_and_back() -> None:
    early = side(job("a", CronTrigger(expression="0 1,4 * * *")))
    late = side(job("a", CronTrigger(expression="0 3,6 * * *")))

    there = [(move.before.at.hour, move.after.at.hour) for move in only(compared(early, late)).move]
    back = [(move.after.at.hour, move.before.at.hour) for move in only(compared(late, early)).move]

    assert there == back == [(1, 6), (4, 3)]


def test_many_instants_are_told_as_two_counts() -> None:
    before, after = (side(job("a", EveryTrigger(interval=timedelta(minutes=minutes)))) for minutes in (5, 1))

    found = only(compared(before, after))

    assert (found.before, found.after, found.is_listed) == (288, 1440, False)


def test_a_disabled_job_loses_its_instants() -> None:
    found = compared(side(job("a", daily(2))), side(job("a", daily(2), enabled=False)))

    assert [due.at.hour for due in only(found).vanish] == [2]
    assert not found.is_empty


def test_an_exception_takes_an_instant_away_and_is_named() -> None:
    holiday = Except(label="2026-11-21", spans=(DateSpan(first=BEGIN.date(), last=BEGIN.date()),))

    found = only(compared(side(job("a", daily(2))), side(job("a", daily(2, excepts=(holiday,))))))

    assert [due.at.hour for due in found.vanish] == [2]
    assert [due.excepted for due in found.excepted] == ["21 November 2026"]


def test_changed_defaults_name_the_jobs_below_them() -> None:
    before = side(
        job("a", file="db/a.yaml"), job("b", file="web/b.yaml"), defaults={"db/_defaults.yaml": "1"}
    )
    after = side(
        job("a", file="db/a.yaml", owner="x"),
        job("b", file="web/b.yaml", owner="x"),
        defaults={"db/_defaults.yaml": "2"},
    )

    found = compared(before, after)

    assert [(each.file, each.jobs) for each in found.defaults] == [("db/_defaults.yaml", ("a",))]


def test_a_new_job_whose_instant_has_passed_is_never_due() -> None:
    past = BEGIN - DAY

    found = compared(
        side(), side(job("once", AtTrigger(at=past)), job("chain", AfterTrigger(jobs=("once",))))
    )

    assert [(each.job, each.passed) for each in found.idle] == [("once", past)]


def test_clock_changes_in_the_span_are_noted() -> None:
    begin = datetime(2026, 10, 24, 12, tzinfo=UTC)
    jobs = side(job("a", daily(2, 30, timezone="Europe/Berlin")))

    found = compare(jobs, jobs, begin=begin, until=begin + DAY)

    assert [due.job for due in found.notes] == ["a"]
    assert found.is_empty


def test_the_peak_counts_runs_that_overlap_and_names_them() -> None:
    hour = Limits(timeout=timedelta(hours=1))
    before = side(job("a", daily(2), limits=hour), job("b", daily(4), limits=hour))
    after = side(job("a", daily(2), limits=hour), job("b", daily(2, 30), limits=hour))

    found = compared(before, after)

    assert found.pressure_before.running.most == 1
    assert found.pressure_after.running.most == 2
    assert found.pressure_after.running.at == BEGIN + timedelta(hours=2, minutes=30)
    assert found.pressure_after.running.jobs == ("a", "b")


def test_a_run_that_ends_where_another_begins_makes_room_for_it() -> None:
    jobs = side(job("a", daily(2)), job("b", daily(2, 1)))

    assert compared(jobs, jobs).pressure_after.running.most == 1


def test_pools_are_counted_in_places() -> None:
    heavy = Concurrency(pool="db", weight=3)
    jobs = side(job("a", daily(2), concurrency=heavy), job("b", daily(2), concurrency=Concurrency(pool="db")))

    assert compared(jobs, jobs).pressure_after.pools["db"].most == 4


def test_a_job_never_runs_more_often_at_a_time_than_it_may() -> None:
    slow = job("a", EveryTrigger(interval=MINUTE), limits=Limits(timeout=timedelta(hours=5)))

    assert compared(side(slow), side(slow)).pressure_after.running.most == 1


def test_a_chained_job_runs_when_its_upstream_ends() -> None:
    jobs = side(
        job("a", daily(2), limits=Limits(timeout=timedelta(hours=1))),
        job("b", AfterTrigger(jobs=("a",))),
        job("c", daily(3)),
    )

    peak = compared(jobs, jobs).pressure_after.running

    assert (peak.most, peak.jobs) == (2, ("b", "c"))


def test_lengths_come_from_history_before_anything_else() -> None:
    known = job("a", daily(2), expect=Expect(longest=MINUTE), limits=Limits(timeout=MINUTE))
    told = job("b", daily(2), expect=Expect(longest=MINUTE), limits=Limits(timeout=MINUTE))
    bound = job("c", daily(2), limits=Limits(timeout=MINUTE))
    jobs = side(known, told, bound, job("d", daily(2)), medians={"a": MINUTE})

    assert compared(jobs, jobs).pressure_after.lengths == {
        Known.HISTORY: 1,
        Known.EXPECT: 1,
        Known.TIMEOUT: 1,
        Known.ASSUMED: 1,
    }
