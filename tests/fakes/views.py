"""Boards and runs for views, and ways to look into a tree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.jobs import a_job
from rota.core.board import Board, Due
from rota.core.model import JobSet, JobSpec
from rota.core.run import Attempt, Reason, Run, RunState, StepState, TriggeredBy
from rota_catalog.catalog import load
from rota_catalog.check import admit
from rota_catalog.tree import Document, Element

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_board(*specs: JobSpec, **members: Any) -> Board:
    board = Board(host="alpha", started_at=NOW)
    jobs = specs or (a_job("backup"),)
    board.load(JobSet(jobs={spec.id: spec for spec in jobs}, files=len(jobs), **members))
    return board


def a_run(job: str = "backup", number: int = 1, **changes: Any) -> Run:
    """A run that began a minute ago and is running."""
    began = NOW - timedelta(minutes=1)
    settings: dict[str, Any] = {
        "state": RunState.RUNNING,
        "triggered_by": TriggeredBy.SCHEDULE,
        "scheduled_for": began,
        "created_at": began,
        "started_at": began,
        "attempt": 1,
        "attempts": (Attempt(id=f"a{number}", created_at=began, started_at=began, state=StepState.RUNNING),),
    }
    return Run(job=job, number=number, **(settings | changes))


def an_ended_run(
    state: RunState = RunState.COMPLETED, job: str = "backup", number: int = 1, **changes: Any
) -> Run:
    return a_run(job, number, **({"state": state, "reason": Reason.EXIT, "ended_at": NOW} | changes))


def due_in(job: str, *lengths: timedelta) -> tuple[Due, ...]:
    return tuple(Due(job=job, at=NOW + length) for length in lengths)


def checked(document: Document) -> Document:
    """The document, after every element of it has passed the catalog."""
    _, faults = admit(load(), document.elements, list(document.elements), document.root)
    assert faults == []
    return document


def of_type(document: Document, kind: str) -> list[Element]:
    """Elements of that type, in the order of the page."""
    return [element for _, element in walk(document) if element["type"] == kind]


def titles(document: Document) -> list[str]:
    """Headings of the sections, in the order of the page."""
    return [element["props"]["title"] for element in of_type(document, "Section")]


def walk(document: Document, id_: str | None = None) -> Iterator[tuple[str, Element]]:
    at = id_ or document.root
    element = document.elements[at]
    yield at, element
    for held in (*element.get("slots", {}).values(), element.get("children", [])):
        for child in held:
            yield from walk(document, child)
