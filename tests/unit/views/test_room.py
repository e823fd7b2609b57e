from __future__ import annotations

from fakes.views import NOW, a_board, checked, titles
from rota.core.room import Claim, Room
from rota.views.overview import Filter, Overview
from rota_catalog.tree import Document


def the_overview(room: Room) -> Document:
    board = a_board()
    board.room = room
    return checked(Overview(board).document("overview", Filter(), now=NOW))


def a_claim(job: str, since: int = 0) -> Claim:
    return Claim(job=job, number=1, since=since, pool="db")


def test_pools_are_shown_with_who_is_in_them_and_who_waits() -> None:
    room = Room({"db": 1, "web": 2}, max_running=16)
    room.hold(a_claim("a"))
    room.wait(a_claim("b"))

    page = the_overview(room)

    assert page.elements["room.pools"]["props"]["rows"] == [
        {"key": "All runs", "value": "1 of 16 at once; 1 run in line"},
        {"key": "Pool db", "value": "1 of 1 place taken", "note": "by a.1; waiting: b.1"},
        {"key": "Pool web", "value": "0 of 2 places taken"},
    ]


def test_where_there_is_room_for_all_nothing_is_said() -> None:
    assert "Room" not in titles(the_overview(Room(max_running=16)))


def test_runs_that_wait_because_of_max_running_are_told_without_any_pool() -> None:
    room = Room(max_running=1)
    room.hold(Claim(job="a", number=1, since=0))
    room.wait(Claim(job="b", number=1, since=0))

    rows = the_overview(room).elements["room.pools"]["props"]["rows"]

    assert rows == [{"key": "All runs", "value": "1 of 1 at once; 1 run in line"}]
