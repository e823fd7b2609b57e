"""What `if:` of a step means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rota.core.errors import JobError
from rota.core.run import Run, RunState, Step, StepState, TriggeredBy
from rota.core.when import after_failure, holds

AT = datetime(2026, 1, 1, tzinfo=UTC)


def a_run(**outputs: str) -> Run:
    dump = Step(key="dump", state=StepState.COMPLETED, outputs=outputs)
    return Run(
        job="backup",
        number=1,
        state=RunState.RUNNING,
        triggered_by=TriggeredBy.MANUAL,
        created_at=AT,
        steps=(dump,),
    )


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("success", False),
        ("failure", True),
        ("always", True),
        ("{{ params.full }}", False),
        ("{{ steps.dump.outputs.size > 0 }}", False),
        ("{{ steps.dump.state == 'failed' or params.full }}", True),
        ("{{ steps['dump']['state'] == 'failed' }}", True),
    ],
)
def test_only_what_asks_for_it_runs_after_a_failure(when: str, expected: bool) -> None:
    assert after_failure(when) is expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("always", True),
        ("{{ steps.dump.outputs.size > 9 }}", True),
        ("{{ steps.dump.outputs.size > 10 }}", False),
        ("{{ steps.dump.outputs.full }}", False),
        ("{{ steps.dump.outputs.name == 'a b' }}", True),
        ("{{ steps.dump.state == 'completed' and params.full }}", True),
    ],
)
def test_outputs_are_the_numbers_and_booleans_that_they_look_like(when: str, expected: bool) -> None:
    run = a_run(size="10", full="false", name="a b")

    assert holds(when, run, {"params": {"full": True}}) is expected


def test_an_output_that_there_is_not_is_an_error() -> None:
    with pytest.raises(JobError, match="template in if"):
        holds("{{ steps.dump.outputs.size > 0 }}", a_run(), {})
