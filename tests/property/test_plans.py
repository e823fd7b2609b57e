"""Laws of comparing and simulating sets of jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fakes.jobs import a_job
from rota.core.comparison import compare
from rota.core.model import Concurrency, Expect, JobSpec, Overlap
from rota.core.pressure import Side
from rota.core.simulation import simulate
from rota.core.triggers import AfterTrigger, CronTrigger, EveryTrigger, Trigger

BEGIN = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
UNTIL = BEGIN + timedelta(hours=18)
NAMES = "abcd"

crons = st.builds(
    CronTrigger,
    expression=st.sampled_from(["0 2 * * *", "30 2 * * *", "*/20 * * * *", "H * * * *", "15 3-9 * * *"]),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
)
rhythms = st.builds(
    EveryTrigger,
    interval=st.sampled_from([timedelta(minutes=n) for n in (7, 15, 60)]),
    from_end=st.booleans(),
)
limits = st.builds(
    Concurrency,
    max=st.integers(1, 2),
    overlap=st.sampled_from(Overlap),
    queue=st.integers(1, 3),
    pool=st.sampled_from([None, "db"]),
    weight=st.integers(1, 2),
    lock=st.sampled_from([None, "disk"]),
)


def jobs(name: str) -> st.SearchStrategy[JobSpec]:
    earlier = [each for each in NAMES if each < name]
    kinds: list[st.SearchStrategy[Trigger]] = [crons, rhythms]
    if earlier:
        chains = st.builds(
            AfterTrigger,
            jobs=st.lists(st.sampled_from(earlier), min_size=1, max_size=2, unique=True).map(tuple),
            all=st.booleans(),
        )
        kinds.append(chains)
    return st.builds(
        a_job,
        st.just(name),
        version=st.sampled_from(["1", "2"]),
        enabled=st.booleans(),
        triggers=st.lists(st.one_of(kinds), max_size=2).map(tuple),
        concurrency=limits,
        expect=st.sampled_from([1, 10, 45]).map(lambda n: Expect(longest=timedelta(minutes=n))),
    )


sides = st.tuples(*(st.none() | jobs(name) for name in NAMES)).map(
    lambda found: Side(jobs={spec.id: spec for spec in found if spec is not None}, pools={"db": 2})
)


@given(jobs=sides)
def test_what_is_compared_with_itself_does_not_change(jobs: Side) -> None:
    assert compare(jobs, jobs, begin=BEGIN, until=UNTIL).is_empty


@given(before=sides, after=sides)
def test_there_and_back_are_mirror_images(before: Side, after: Side) -> None:
    there = compare(before, after, begin=BEGIN, until=UNTIL)
    back = compare(after, before, begin=BEGIN, until=UNTIL)

    assert there.added == back.removed
    assert there.removed == back.added
    assert [each.after for each in there.changed] == [each.before for each in back.changed]
    for one, other in zip(there.instants, back.instants, strict=True):
        assert (one.job, one.before, one.after) == (other.job, other.after, other.before)
        assert one.appear == other.vanish
        assert one.vanish == other.appear
        assert [(move.before, move.after) for move in one.move] == [
            (move.after, move.before) for move in other.move
        ]
    assert there.pressure_before == back.pressure_after


@given(before=sides, after=sides)
def test_counts_of_instants_agree_with_what_is_listed(before: Side, after: Side) -> None:
    for found in compare(before, after, begin=BEGIN, until=UNTIL).instants:
        if found.is_listed:
            assert found.after - found.before == len(found.appear) - len(found.vanish)


@given(jobs=sides, most=st.none() | st.integers(1, 3))
def test_no_simulated_run_takes_a_place_that_is_not_there(jobs: Side, most: int | None) -> None:
    found = simulate(replace(jobs, max_running=most), begin=BEGIN, until=UNTIL)

    assert most is None or found.running.most <= most
    assert all(pool.size is None or pool.most <= pool.size for pool in found.pools.values())
    for job in found.jobs:
        edges = sorted([(bar.begin, 1) for bar in job.bars] + [(bar.end, -1) for bar in job.bars])
        level = 0
        for _, step in sorted(edges):
            level += step
            assert level <= job.spec.concurrency.max


plain = st.lists(st.lists(crons, min_size=1, max_size=2).map(tuple), max_size=4)


@given(schedules=plain)
def test_a_simulation_agrees_with_a_plan_where_nothing_is_in_the_way(
    schedules: list[tuple[Trigger, ...]],
) -> None:
    roomy = Concurrency(max=500)
    specs = [a_job(f"j{n}", triggers=each, concurrency=roomy) for n, each in enumerate(schedules)]
    side = Side(jobs={spec.id: spec for spec in specs})

    found = simulate(side, begin=BEGIN, until=UNTIL)
    expected = compare(side, side, begin=BEGIN, until=UNTIL).pressure_after.running

    assert found.running.most == expected.most
