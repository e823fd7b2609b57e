from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from rota.core.run import Attempt, Run, RunState, Step, StepState, TriggeredBy
from rota.core.values import template_values, variables

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ATTEMPT = Attempt(id="0190", step="verify", n=2, created_at=NOON)
RUN = Run(
    job="backup",
    number=7,
    state=RunState.RUNNING,
    triggered_by=TriggeredBy.SCHEDULE,
    created_at=NOON + timedelta(seconds=1),
    scheduled_for=datetime(2026, 3, 1, 13, 0, tzinfo=timezone(timedelta(hours=1))),
    attempt=2,
    params={"database": "app", "full": True, "only": ["a"]},
    steps=(Step(key="dump-all", state=StepState.COMPLETED, outputs={"size": "7"}), Step(key="verify")),
    attempts=(ATTEMPT,),
)


def test_a_job_is_told_who_it_is_and_what_it_is_for() -> None:
    told = variables(RUN, ATTEMPT, host="db1", url="http://127.0.0.1:8321", matrix={})

    assert told == {
        "ROTA_JOB": "backup",
        "ROTA_RUN": "backup.7",
        "ROTA_ATTEMPT": "2",
        "ROTA_ATTEMPT_ID": "0190",
        "ROTA_STEP": "verify",
        "ROTA_TRIGGER": "schedule",
        "ROTA_SCHEDULED_FOR": "2026-03-01T12:00:00+00:00",
        "ROTA_SCHEDULED_EPOCH": str(int(NOON.timestamp())),
        "ROTA_HOST": "db1",
        "ROTA_URL": "http://127.0.0.1:8321",
        "PARAM_DATABASE": "app",
        "PARAM_FULL": "true",
        "PARAM_ONLY": '["a"]',
        "STEPS_DUMP_ALL_OUTPUTS_SIZE": "7",
    }


def test_a_run_by_hand_is_for_the_moment_it_was_asked_for() -> None:
    by_hand = Run(
        job="backup", number=1, state=RunState.PENDING, triggered_by=TriggeredBy.MANUAL, created_at=NOON
    )

    told = variables(by_hand, ATTEMPT, host="", url="", matrix={})

    assert told["ROTA_SCHEDULED_FOR"] == "2026-03-01T12:00:00+00:00"


def test_templates_see_the_same_as_the_environment() -> None:
    values = template_values(RUN, host="db1", url="u", matrix={"db": "app"})

    assert values["params"] == RUN.params
    assert values["steps"] == {"dump-all": {"outputs": {"size": "7"}}, "verify": {"outputs": {}}}
    assert values["run"] == {"id": "backup.7", "job": "backup", "number": 7, "attempt": 2}
    assert values["host"] == {"name": "db1"}
    assert values["rota"] == {"url": "u"}


def test_values_of_the_matrix_are_there_as_templates_and_as_variables() -> None:
    told = variables(RUN, ATTEMPT, host="", url="", matrix={"db": "app", "pg_version": "16"})

    assert (told["MATRIX_DB"], told["MATRIX_PG_VERSION"]) == ("app", "16")
    assert template_values(RUN, host="", url="", matrix={"db": "app"})["matrix"] == {"db": "app"}
