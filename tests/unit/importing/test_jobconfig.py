from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from importing import jobs_of
from rota.core.model import Backoff, Check, HttpRequest, Script
from rota.core.triggers import CronTrigger
from rota.importing.jobconfig import read

HEALTH = {
    "jobType": "health-check",
    "displayName": "Mock Health Check",
    "schedule": {"cronExpression": "*/5 * * * *", "timezone": "UTC", "isEnabled": True},
    "retry": {"maxAttempts": 2, "backoffStrategy": "fixed", "initialDelaySeconds": 10, "maxDelaySeconds": 60},
    "limits": {"batchSize": 10, "timeoutSeconds": 30, "maxConcurrent": 1},
    "parameters": {"jobType": "health-check", "checks": ["database", "storage"], "alertThreshold": "warning"},
}


def test_a_health_check_becomes_a_check() -> None:
    row = {"meta": {"id": "mock-health-check", "type": "job-config"}, "payload": HEALTH}
    found = read(json.dumps([row], indent=2))
    (job,) = jobs_of(found).values()

    assert (job.id, job.title) == ("mock-health-check", "Mock Health Check")
    (trigger,) = job.triggers
    assert isinstance(trigger, CronTrigger)
    assert trigger.expression == "*/5 * * * *"
    work = job.steps[0].work
    assert isinstance(work, Check)
    assert (job.retry.attempts, job.retry.backoff, job.retry.max_delay) == (
        2,
        Backoff.FIXED,
        timedelta(minutes=1),
    )
    assert (job.limits.timeout, job.concurrency.max) == (timedelta(seconds=30), 1)
    assert [each.text for each in found.unconverted] == ["limits.batchSize: 10", "checks: database"]
    assert all(each.line > 1 for each in found.unconverted)


def test_commands_and_requests() -> None:
    jobs: dict[str, Any] = {
        "jobs": [
            {"id": "a", "parameters": {"command": "ls | wc"}, "schedule": {"isEnabled": False}},
            {"id": "b", "parameters": {"url": "https://example.org/hook", "method": "post"}},
        ]
    }
    found = jobs_of(read(json.dumps(jobs)))

    assert isinstance(found["a"].steps[0].work, Script)
    assert found["a"].enabled is False
    assert isinstance(found["b"].steps[0].work, HttpRequest)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"id": "a", "jobType": "batch"}, "write `batch` by hand"),
        ({"id": "a", "jobType": "send-mail"}, "stands in code"),
        (
            {"id": "a", "jobType": "health-check", "parameters": {"checks": ["database"]}},
            "none of its checks",
        ),
        ({"jobType": ""}, "expected an object with id"),
        (
            {"id": "a", "schedule": {"cronExpression": "0 0 2 * * *"}, "parameters": {"command": "x"}},
            "6 fields",
        ),
    ],
)
def test_what_can_not_be_converted_says_why(document: dict[str, Any], reason: str) -> None:
    found = read(json.dumps(document))

    assert found.entries == ()
    assert any(reason in each.reason for each in found.unconverted)


def test_a_text_that_is_no_json_names_the_line() -> None:
    (lost,) = read('{\n"a": }').unconverted

    assert lost.line == 2
    assert "not JSON" in lost.reason


@pytest.mark.parametrize("text", ["[" * 100_000, f'{{"id": {"9" * 5000}}}'])
def test_a_text_that_no_reader_takes_is_told(text: str) -> None:
    (lost,) = read(text).unconverted

    assert "nested too deeply" in lost.reason
