"""What a job can read about its own run: as template values and as environment variables, from one source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC

from rota.core.run import Attempt, Run
from rota.core.templates import as_text


def template_values(run: Run, *, host: str, url: str, matrix: Mapping[str, str]) -> dict[str, object]:
    """`params`, `matrix`, `steps`, `run`, `host`, `rota`: the names that `{{ … }}` may use.

    A child has `items` as well, and `item` when it has one.
    """
    items: dict[str, object] = {"items": list(run.items)} if run.items else {}
    if len(run.items) == 1:
        items["item"] = run.items[0]
    return items | {
        "params": dict(run.params),
        "matrix": dict(matrix),
        "steps": {step.key: {"outputs": dict(step.outputs)} for step in run.steps},
        "run": {"id": run.id, "job": run.job, "number": run.number, "attempt": run.attempt},
        "host": {"name": host},
        "rota": {"url": url},
    }


def variables(
    run: Run, attempt: Attempt, *, host: str, url: str, matrix: Mapping[str, str]
) -> dict[str, str]:
    """`ROTA_*`, `MATRIX_*`, `PARAM_*`, `STEPS_*_OUTPUTS_*` and `ITEM*` of one attempt.

    A run by hand is for the instant at which it was asked for, unless `--for` named another.
    """
    instant = (run.scheduled_for or run.created_at).astimezone(UTC)
    told = {
        "ROTA_JOB": run.job,
        "ROTA_RUN": run.id,
        "ROTA_ATTEMPT": str(attempt.n),
        "ROTA_ATTEMPT_ID": attempt.id,
        "ROTA_STEP": attempt.step,
        "ROTA_TRIGGER": run.triggered_by.value,
        "ROTA_SCHEDULED_FOR": instant.isoformat(timespec="seconds"),
        "ROTA_SCHEDULED_EPOCH": str(int(instant.timestamp())),
        "ROTA_HOST": host,
        "ROTA_URL": url,
    }
    told.update({f"MATRIX_{_name(key)}": value for key, value in matrix.items()})
    told.update({f"PARAM_{_name(key)}": as_text(value) for key, value in run.params.items()})
    for step in run.steps:
        told.update(_outputs(step.key, step.outputs))
    return told | _items(run.items)


def _items(items: tuple[object, ...]) -> dict[str, str]:
    """`ITEMS` as a JSON list; of a single one `ITEM`, and `ITEM_<KEY>` for each of its keys."""
    if not items:
        return {}
    told = {"ITEMS": as_text(list(items))}
    if len(items) == 1:
        told["ITEM"] = as_text(items[0])
        members = items[0] if isinstance(items[0], Mapping) else {}
        told.update({f"ITEM_{_name(str(key))}": as_text(value) for key, value in members.items()})
    return told


def _outputs(step: str, outputs: Mapping[str, str]) -> dict[str, str]:
    return {f"STEPS_{_name(step)}_OUTPUTS_{_name(key)}": value for key, value in outputs.items()}


def _name(key: str) -> str:
    return re.sub("[^A-Z0-9_]", "_", key.upper())
