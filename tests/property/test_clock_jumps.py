"""Whatever the clock, the daemon and the machine do: the law of due instants, over engine and ledger."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from clock_changes import examples
from fakes.clock import START
from fakes.clocked import Host, a_host
from fakes.jobs import a_job
from fakes.schedules import cron, every
from rota.core.model import Missed, MissedPolicy
from rota.core.run import RunState
from rota.core.schedule import due_between
from rota.core.triggers import Trigger

HOURS = st.integers(1, 6 * 3600).map(lambda seconds: timedelta(seconds=seconds))
MOVES = st.one_of(
    st.tuples(st.sampled_from(["works", "works", "sleeps"]), HOURS),
    st.tuples(st.just("jumps"), st.one_of(HOURS, HOURS.map(lambda length: -length))),
    st.just(("restarts", None)),
)
TRIGGERS: st.SearchStrategy[Trigger] = st.sampled_from(
    [cron("0 * * * *"), cron("30 */2 * * *"), cron("15 1-20 * * *"), every(timedelta(minutes=50))]
)


@settings(deadline=None, max_examples=examples(40))
@given(trigger=TRIGGERS, policy=st.sampled_from(MissedPolicy), moves=st.lists(MOVES, max_size=8))
async def test_no_instant_starts_twice_and_none_that_has_come_is_without_an_answer(
    trigger: Trigger, policy: MissedPolicy, moves: list[tuple[str, timedelta | None]]
) -> None:
    spec = a_job(triggers=(trigger,), missed=Missed(run=policy))
    async with a_host(spec) as host:
        await host.works(timedelta(hours=1))
        for what, length in moves:
            await (host.restarts() if length is None else getattr(host, what)(length))
        await host.step()

        await assert_accounted(host, trigger)


async def assert_accounted(host: Host, trigger: Trigger) -> None:
    rows = await host.rows()
    begun = [row.due_at for row in rows if row.state is not RunState.SKIPPED]
    assert len(begun) == len(set(begun))
    spans = [(row.due_at, row.last_due_at or row.due_at) for row in rows if row.due_at is not None]
    for due in due_between("backup", (trigger,), START, host.now):
        assert any(first <= due.at <= last for first, last in spans), (due.at, await host.answers())
