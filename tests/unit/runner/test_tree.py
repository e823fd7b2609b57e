"""Who belongs to an attempt, on process tables made up by hand."""

from __future__ import annotations

import signal

from rota.runner.system import Process, System
from rota.runner.tree import Snapshot, send

OWN = 500
MINE, ANOTHER = 1000, 1001  # uids


class Table(System):
    """A process table: (pid, parent, group, session, started, attempt id in its environment, state)."""

    def __init__(
        self, *rows: tuple[int, int, int, int, int, str] | tuple[int, int, int, int, int, str, str]
    ) -> None:
        super().__init__()
        self.rows = {row[0]: row for row in rows}
        self.owners: dict[int, int] = {}
        self.signalled: list[tuple[int, int]] = []

    def own_pid(self) -> int:
        return OWN

    def pids(self) -> list[int]:
        return list(self.rows)

    def process(self, pid: int) -> Process | None:
        row = self.rows.get(pid)
        if row is None:
            return None
        pid, parent, group, session, started, *rest = row
        state = rest[1] if len(rest) > 1 else "S"
        zeros = " ".join("0" for _ in range(15))
        return Process(pid, f"{pid} (a) b) {state} {parent} {group} {session} {zeros} {started}".encode())

    def owner(self, pid: int) -> int:
        return self.owners.get(pid, MINE)

    def environ(self, pid: int) -> bytes:
        return f"A=1\0ROTA_ATTEMPT_ID={self.rows[pid][5]}\0B=2".encode()

    def open_process(self, pid: int) -> int | None:
        return pid if pid in self.rows else None

    def signal(self, pidfd: int, number: int) -> None:
        self.signalled.append((pidfd, number))

    def close(self, fd: int) -> None:
        return


def members(table: Table, *seen: tuple[int, int]) -> list[int]:
    return sorted(process.pid for process in Snapshot(table).members(("mine", MINE), (100, 7), seen))


def test_session_group_descendants_and_marked_ones_belong() -> None:
    table = Table(
        (100, OWN, 100, 100, 7, "mine"),
        (101, 100, 100, 100, 8, ""),  # in its session
        (102, 1, 102, 102, 9, "mine"),  # left twice over, but carries the id
        (103, 102, 103, 103, 9, ""),  # its child without the id
        (200, OWN, 200, 200, 5, "other"),
        (1, 0, 1, 1, 0, ""),
    )

    assert members(table) == [100, 101, 102, 103]


def test_nobody_but_its_user_and_root_belongs_because_of_what_the_environment_says() -> None:
    table = Table(*((pid, 1, pid, pid, 9, "mine") for pid in (102, 103, 104)))
    table.owners = {103: 0, 104: ANOTHER}

    assert members(table) == [102, 103]


def test_zombies_kernel_threads_and_the_runner_itself_do_not() -> None:
    table = Table(
        (100, OWN, 100, 100, 7, "mine", "Z"),
        (9, 2, 0, 0, 1, "mine"),
        (OWN, 1, OWN, OWN, 2, "mine"),
    )

    assert members(table) == []


def test_a_pid_that_was_given_away_since_is_somebody_else() -> None:
    table = Table((100, 1, 100, 100, 99, "other"), (101, 100, 100, 100, 99, "other"))

    assert members(table) == []


def test_the_session_of_a_leader_that_is_gone_still_belongs() -> None:
    table = Table((101, 1, 100, 100, 8, ""))

    assert members(table) == [101]


def test_one_seen_before_belongs_while_it_is_the_same_process() -> None:
    table = Table((300, 1, 300, 300, 40, ""))

    assert members(table, (300, 40)) == [300]
    assert members(table, (300, 41)) == []


def test_only_the_very_process_is_signalled() -> None:
    table = Table((100, 1, 100, 100, 7, ""))
    process = table.process(100)
    assert process is not None

    send(table, process, signal.SIGTERM)
    table.rows[100] = (100, 1, 100, 100, 8, "")
    send(table, process, signal.SIGKILL)
    del table.rows[100]
    send(table, process, signal.SIGKILL)

    assert table.signalled == [(100, signal.SIGTERM)]
