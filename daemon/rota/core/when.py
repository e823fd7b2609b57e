"""`if:` of a step: whether it runs after what became of the steps before it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rota.core.run import Run
from rota.core.templates import names, value

SUCCESS, FAILURE, ALWAYS = "success", "failure", "always"


def after_failure(when: str) -> bool:
    """Whether such a step may run after a failure: an expression must look at some step's state for that."""
    if when in (SUCCESS, FAILURE, ALWAYS):
        return when != SUCCESS
    return any(chain[0] == "steps" and chain[2:3] == ("state",) for chain in names(when))


def holds(when: str, run: Run, values: Mapping[str, object]) -> bool:
    """What the `if` of the step whose turn it is says. Raises JobError when its expression fails.

    `values` as templates get them; `steps` have their `state` besides, and outputs that read as JSON are
    numbers, booleans, lists and objects.
    """
    if when in (SUCCESS, FAILURE, ALWAYS):
        return True  # the lifecycle has skipped what these leave out
    steps = {
        step.key: {
            "state": step.state.value,
            "outputs": {key: _typed(text) for key, text in step.outputs.items()},
        }
        for step in run.steps
    }
    return bool(value(when, {**values, "steps": steps}, where="if"))


def _typed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
