"""Whatever runs come and go: room is never given twice, and never left empty while somebody could use it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rota.core.room import Claim, Room

POOLS = {"db": 3, "web": 2}
LIMIT = 4

claims = st.builds(
    Claim,
    job=st.sampled_from("abcdef"),
    number=st.integers(1, 5),
    since=st.integers(0, 3),
    pool=st.sampled_from([None, "db", "web"]),
    weight=st.integers(1, 4),
    lock=st.sampled_from([None, "x", "y"]),
    priority=st.integers(0, 1),
)
arrivals = st.lists(st.tuples(claims, st.booleans()), max_size=30)


@given(arrivals)
def test_nothing_is_overfull_and_nobody_who_could_begin_waits(moves: list[tuple[Claim, bool]]) -> None:
    room, holding = Room(POOLS, LIMIT), dict[str, Claim]()
    for claim, comes in moves:
        if comes and claim.run not in holding:
            room.wait(claim)
        elif not comes:
            room.leave(claim.run)
            holding.pop(claim.run, None)
        holding |= {each.run: each for each in room.grant()}

        assert room.running == len(holding) <= LIMIT
        assert all(_taken(holding, pool) <= size for pool, size in POOLS.items())
        locks = [each.lock for each in holding.values() if each.lock]
        assert len(locks) == len(set(locks))
        assert room.grant() == []


@given(arrivals)
def test_everybody_gets_a_turn_when_all_runs_end(moves: list[tuple[Claim, bool]]) -> None:
    room = Room(POOLS, LIMIT)
    came = {claim.run: claim for claim, _ in moves}
    for claim in came.values():
        room.wait(claim)

    served: list[str] = []
    while granted := room.grant():
        served += [claim.run for claim in granted]
        for claim in granted:
            room.leave(claim.run)

    assert sorted(served) == sorted(came)
    assert (room.running, room.waiting) == (0, 0)


def _taken(holding: dict[str, Claim], pool: str) -> int:
    return sum(min(each.weight, POOLS[pool]) for each in holding.values() if each.pool == pool)
