"""What each step comes after: all those before it in the list, or those that its `needs` name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rota.config import near
from rota.config.part import Part
from rota.core.graph import ancestors
from rota.core.problems import Problem

Raw = Mapping[str, Any]
Steps = Sequence[Raw]


def is_graph(steps: Steps) -> bool:
    """Whether a step says what it needs; then those that say nothing need nothing."""
    return any("needs" in step for step in steps)


def earlier(steps: Steps) -> Sequence[Collection[str]]:
    """For each step in the list, the ids of those that have ended when it begins.

    Of steps that need each other in a circle, or themselves, nothing is said: there it is all of them.
    """
    if not is_graph(steps):
        return [[before["id"] for before in steps[:index]] for index in range(len(steps))]
    every = {step["id"] for step in steps}
    above = _above(steps)
    return [above.get(step["id"], every) for step in steps]


def check_needs(steps: Steps, part: Part, problems: list[Problem]) -> None:
    """Ids that there are not, circles, and steps that could never run after a failure."""
    ids = [step["id"] for step in steps]
    wrong = len(problems)
    for index, step in enumerate(steps):
        for place, needed in enumerate(step.get("needs", ())):
            complaint = _complaint(step["id"], needed, ids)
            if complaint is not None:
                problems.append(part.problem(["steps", index, "needs", place], *complaint))
    if wrong == len(problems) and len(set(ids)) == len(ids):
        _check_circle(steps, part, problems)
    for index, (step, before) in enumerate(zip(steps, earlier(steps), strict=True)):
        if step.get("if") == "failure" and not before:
            first = "the first step" if index == 0 else "it, as it needs no step"
            message = f"nothing can have failed before {first}, so it would never run"
            problems.append(part.problem(["steps", index, "if"], message, "leave `if` out here"))


def _complaint(step: str, needed: str, ids: Sequence[str]) -> tuple[str, str] | None:
    if needed == step:
        return "a step can't come after itself", "leave it out"
    if needed not in ids:
        others = [each for each in ids if each != step]
        hint = near.word(needed, others) or f"known: {', '.join(others[:10]) or 'no other step'}"
        return f'there is no step "{needed}"', hint
    return None


def _check_circle(steps: Steps, part: Part, problems: list[Problem]) -> None:
    circle = _circle(steps)
    if not circle:
        return
    index = next(place for place, step in enumerate(steps) if step["id"] == circle[0])
    place = steps[index]["needs"].index(circle[1])
    message = f"steps need each other in a circle, so none could begin: {' → '.join(circle)}"
    problems.append(part.problem(["steps", index, "needs", place], message, "take one of these needs out"))


def _circle(steps: Steps) -> list[str]:
    """The ids along a circle, the first of them again at the end; [] without one."""
    above = _above(steps)
    needs = {step["id"]: step.get("needs", ()) for step in steps if step["id"] not in above}
    way: list[str] = []
    at = next((step["id"] for step in steps if step["id"] in needs), None)
    while at is not None and at not in way:  # each that is left needs another that is left
        way.append(at)
        at = next((needed for needed in needs[at] if needed in needs), None)
    return [] if at is None else [*way[way.index(at) :], at]


def _above(steps: Steps) -> Mapping[str, frozenset[str]]:
    return ancestors(tuple((step["id"], tuple(step.get("needs", ()))) for step in steps))
