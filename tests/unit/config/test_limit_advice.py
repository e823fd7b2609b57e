"""Limits that leave no room are warned of, once each; usual ones never."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.jobs import a_job
from rota.config.limit_advice import limit_cautions
from rota.core.model import Check, Limits, Script, StepSpec, Work

MIB = 1024 * 1024
SHELL, CHECK = Script(text="true"), Check(kind="disk", settings={})


def said(limits: Limits, *works: Work) -> list[str]:
    steps = tuple(StepSpec(id=f"s{n}", work=work) for n, work in enumerate(works or (SHELL,)))
    return [each.message for each in limit_cautions(replace(a_job(limits=limits), steps=steps))]


@pytest.mark.parametrize(
    ("limits", "work", "message"),
    [
        (Limits(memory=MIB), SHELL, "memory 1M: a shell and what it starts may need more than that"),
        (Limits(memory=16 * MIB), CHECK, "memory 16M: Python, which this kind of work is written in,"),
        (Limits(nofile=8), SHELL, "nofile 8: many programs have more files open"),
        (Limits(pids=1), SHELL, "pids 1: the shell is that one process"),
        (
            Limits(timeout=timedelta(seconds=5), grace=timedelta(minutes=1)),
            SHELL,
            "it may take longer to stop (1 minute) than to run (5 s)",
        ),
        (
            Limits(timeout=timedelta(minutes=1), watchdog=timedelta(minutes=1)),
            SHELL,
            "the watchdog never acts: the timeout of 1 minute comes first",
        ),
    ],
)
def test_what_leaves_no_room_is_told(limits: Limits, work: Work, message: str) -> None:
    (found,) = said(limits, work)

    assert message in found


def test_the_same_of_several_steps_is_told_once() -> None:
    assert len(said(Limits(memory=MIB), SHELL, SHELL)) == 1


@pytest.mark.parametrize(
    "limits",
    [
        Limits(),
        Limits(memory=64 * MIB, nofile=64, pids=16, cpu=50),
        Limits(timeout=timedelta(minutes=30), watchdog=timedelta(minutes=1)),
        Limits(watchdog=timedelta(seconds=1)),
        Limits(timeout=timedelta(seconds=5)),
    ],
)
def test_limits_as_people_write_them_are_not_warned_of(limits: Limits) -> None:
    assert said(limits, SHELL, CHECK) == []
