"""Jobs whose steps form a graph, in one line each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fakes.hands import Hands, Process
from fakes.jobs import a_job, a_step
from rota.core.model import JobSpec


def a_graph(*written: str, version: str = "1", **settings: Any) -> JobSpec:
    """`a_graph("dump", "verify: dump", "upload: dump verify")`: each step, and what it needs."""
    steps = []
    for text in written:
        key, _, needs = text.partition(":")
        steps.append(replace(a_step(key), needs=tuple(needs.split()) or None))
    if all(step.needs is None for step in steps):
        steps[0] = replace(steps[0], needs=())
    return replace(a_job(version=version, **settings), steps=tuple(steps))


def with_step(spec: JobSpec, key: str, **changes: Any) -> JobSpec:
    """The job with that step changed."""
    steps = tuple(replace(step, **changes) if step.id == key else step for step in spec.steps)
    return replace(spec, steps=steps)


def going_on(hands: Hands) -> list[str]:
    """The processes that live, by name, in the order of their start."""
    return [process.name for process in hands.processes if process.ended is None]


def process(hands: Hands, name: str) -> Process:
    """The one of that name, such as `dump.1`."""
    (found,) = [each for each in hands.processes if each.name == name]
    return found
