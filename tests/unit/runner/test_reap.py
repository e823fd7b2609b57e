"""What is said of an attempt over its memory, whoever its parent was."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from rota.runner.attempt import Attempt
from rota.runner.cgroup import Group
from rota.runner.reap import Reaper
from rota.runner.record import Records
from rota.runner.system import Reaped, System

KILLED = 9


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    """One with a limit of memory over which the kernel killed it."""
    system = System()
    (tmp_path / "memory.max").touch()
    (tmp_path / "memory.events").write_text("low 0\nmax 12\noom 1\noom_kill 1\n")
    found = Attempt("01a1fd4d-3998-780f-85b9-534a1aab0856", "eats/1/main.1")
    found.group = Group(system, str(tmp_path))
    found.group.limit({"memory": 2**26})
    found.gone = True
    return found


@pytest.fixture
def reaper(tmp_path: Path) -> Reaper:
    system = System()
    return Reaper(system, Records(system, system.open_directory(str(tmp_path))))


def test_a_child_that_the_kernel_killed_over_its_limit_ran_out_of_memory(
    reaper: Reaper, attempt: Attempt
) -> None:
    attempt.reaped = ended_with(KILLED)

    reaper.finish(attempt)

    assert attempt.ended is not None
    assert attempt.ended["cause"] == "memory"


def test_so_did_one_that_an_earlier_runner_started(reaper: Reaper, attempt: Attempt) -> None:
    attempt.adopted = True

    reaper.finish(attempt)

    assert attempt.ended is not None
    assert attempt.ended["cause"] == "memory"


def test_one_whose_child_was_killed_for_it_ended_as_it_did(reaper: Reaper, attempt: Attempt) -> None:
    attempt.reaped = ended_with(0)

    reaper.finish(attempt)

    assert attempt.ended is not None
    assert attempt.ended["cause"] == "exit"


def ended_with(status: int) -> Reaped:
    return Reaped(7, status, resource.getrusage(resource.RUSAGE_SELF), 0)
