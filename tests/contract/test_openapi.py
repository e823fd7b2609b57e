"""The HTTP contract against a running daemon: every operation is called, and every answer fits its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from daemon_process import DaemonProcess
from rota.web.contract import contract
from rota.web.services import SERVICES

METHODS = ("get", "post", "put", "delete", "patch")

JOB_FILE = """
title: Contract
description: Fails, so that it can be retried.
tags: [test]
schedule: {cron: "0 2 * * *", timezone: Europe/Berlin}
params: {name: {type: string, default: x}}
run: |
  echo "::progress 1/2 half"
  echo hello
  exit 3
"""

SLOW_FILE = "run: sleep 60\n"


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in contract()["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


ALL = {operation["operationId"]: (method, path, operation) for method, path, operation in operations()}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    folder = tmp_path_factory.mktemp("contract")
    process = DaemonProcess(folder)
    (process.jobs / "contract.yaml").write_text(JOB_FILE)
    # A job of its own for each operation that changes something: they come in any order.
    for name in ("again", "pausable", "resumable", "skippable"):
        (process.jobs / f"{name}.yaml").write_text(JOB_FILE)
    for name in ("slow", "stoppable"):
        (process.jobs / f"{name}.yaml").write_text(SLOW_FILE)
    with process:
        process.ended(process.run("contract"))
        process.run("slow")
        process.run("stoppable")
        process.post("/api/v1/jobs/resumable/pause")
        process.post("/api/v1/pauses", {"tag": "held"})
        yield process


# What each operation is asked: path parameters, query, body, and the status that is expected.
CALLS: Mapping[str, list[tuple[dict[str, str], str, Any, int]]] = {
    "listJobs": [
        ({}, "", None, 200),
        ({}, "?limit=1&q=con&state=failed&tag=test", None, 200),
        ({}, "?limit=x", None, 422),
    ],
    "getJob": [({"job": "contract"}, "", None, 200), ({"job": "nothing"}, "", None, 404)],
    "listNext": [({"job": "contract"}, "?count=3", None, 200), ({"job": "contract"}, "?count=0", None, 422)],
    "listRunsOfJob": [({"job": "contract"}, "", None, 200), ({"job": "contract"}, "?state=bad", None, 422)],
    "runJob": [
        ({"job": "again"}, "", {"params": {"name": "y"}}, 202),
        ({"job": "again"}, "", {"params": {"nmae": "y"}}, 422),
        ({"job": "slow"}, "", {}, 409),
        ({"job": "nothing"}, "", {}, 404),
    ],
    "pauseJob": [
        ({"job": "pausable"}, "", {"note": "test"}, 200),
        ({"job": "pausable"}, "", {"until": "x"}, 422),
    ],
    "resumeJob": [
        ({"job": "resumable"}, "", {"catchUp": True}, 200),
        ({"job": "resumable"}, "", {}, 409),
    ],
    "skipNext": [
        ({"job": "skippable"}, "", {"note": "holiday"}, 200),
        ({"job": "skippable"}, "", {"undo": True}, 200),
        ({"job": "resumable"}, "", {"undo": True}, 409),
        ({"job": "nothing"}, "", {}, 404),
        ({"job": "resumable"}, "", {"note": 1}, 422),
    ],
    "pauseMany": [
        ({}, "", {"tag": "no-job-has-it", "note": "test"}, 200),
        ({}, "", {"tag": "one", "all": True}, 422),
        ({}, "", {}, 422),
    ],
    "askWhy": [
        ({"job": "contract"}, "", None, 200),
        ({"job": "contract"}, "?at=1790208000000", None, 200),
        ({"job": "contract"}, "?at=x", None, 422),
        ({"job": "nothing"}, "", None, 404),
    ],
    "listPauses": [({}, "", None, 200)],
    "resumeMany": [({}, "", {"tag": "held"}, 200), ({}, "", {"tag": "unknown"}, 409)],
    "getDrain": [({}, "", None, 200)],
    # In one go: a daemon that drains would refuse what other operations ask for.
    "drain": [
        ({}, "", {"undo": True}, 409),
        ({}, "", {}, 200),
        ({}, "", {"undo": True}, 200),
        ({}, "", {"undo": 1}, 422),
    ],
    "listPools": [({}, "", None, 200)],
    "getEnvironment": [
        ({"job": "contract"}, "?params=%7B%22name%22%3A%22y%22%7D", None, 200),
        ({"job": "contract"}, "?params=x", None, 422),
        ({"job": "contract"}, "?step=nothing", None, 404),
        ({"job": "nothing"}, "", None, 404),
    ],
    "listDefinitions": [
        ({}, "", None, 200),
        ({}, "?limit=1&cursor=contract", None, 200),
        ({}, "?limit=0", None, 422),
    ],
    "listRuns": [({}, "?limit=1", None, 200), ({}, "?skipped=x", None, 422)],
    "getRun": [
        ({"run": "contract.1"}, "", None, 200),
        ({"run": "slow.latest"}, "", None, 200),
        ({"run": "x.9"}, "", None, 404),
    ],
    "getDefinitionOfRun": [
        ({"run": "contract.1"}, "", None, 200),
        ({"run": "slow.latest"}, "", None, 200),
        ({"run": "x.9"}, "", None, 404),
    ],
    "getLog": [({"run": "contract.1"}, "", None, 200), ({"run": "contract.1"}, "?from=-1", None, 422)],
    "getRawLog": [({"run": "contract.1"}, "", None, 200), ({"run": "x.1"}, "", None, 404)],
    "cancelRun": [
        ({"run": "stoppable.1"}, "", {"expect": {"state": "completed"}}, 409),
        ({"run": "stoppable.1"}, "", {"immediately": True}, 202),
        ({"run": "contract.1"}, "", {}, 409),
    ],
    "retryRun": [({"run": "contract.1"}, "", {}, 202), ({"run": "contract.9999"}, "", {}, 404)],
    "getTree": [
        ({"topic": "overview"}, "", None, 200),
        ({"topic": "job/contract"}, "", None, 200),
        ({"topic": "run/contract.1"}, "", None, 200),
        ({"topic": "timeline"}, "", None, 200),
        ({"topic": "overview"}, "?since=zzz", None, 422),
        ({"topic": "weather"}, "", None, 404),
    ],
    "reload": [({}, "", {}, 200), ({}, "", {"confirm": "x"}, 422)],
    "createSignInLink": [({}, "", {}, 201)],
    "getContract": [({}, "", None, 200)],
    "isAlive": [({}, "", None, 200)],
    "isReady": [({}, "", None, 200)],
    "getSchemaCatalog": [({}, "", None, 200)],
    "getSchema": [
        ({"name": "job"}, "", None, 200),
        ({"name": "defaults"}, "", None, 200),
        ({"name": "config"}, "", None, 200),
        ({"name": "tree"}, "", None, 200),
        ({"name": "x"}, "", None, 404),
    ],
}


def test_the_contract_itself_is_sound() -> None:
    validate(contract())


def test_every_operation_is_called() -> None:
    assert set(CALLS) == set(ALL)


def test_every_example_fits_its_schema() -> None:
    for _, _, operation in operations():
        for media in media_types(operation):
            for name, example in media.get("examples", {}).items():
                check(resolved(example)["value"], media["schema"], f"{operation['operationId']} {name}")


@pytest.mark.parametrize("operation_id", list(CALLS))
def test_answers_fit_the_contract(daemon: DaemonProcess, operation_id: str) -> None:
    method, path, operation = ALL[operation_id]
    for parameters, query, body, expected in CALLS[operation_id]:
        place = filled(path, parameters) + query
        status, kind, text = daemon.exchange(method.upper(), place, body)
        assert status == expected, f"{method} {place}: {status} {text}"
        answer = resolved(operation["responses"][str(status)])
        media = answer["content"][kind]
        check(json.loads(text) if "json" in kind else text, media["schema"], f"{method} {place}")


def test_every_route_of_the_program_is_in_the_contract_and_no_other(tmp_path: Path) -> None:
    from fakes.web import WebWorld

    app = WebWorld().app()
    assert SERVICES in app
    served = set()
    for route in app.router.routes():
        path = re.sub(r":[^}]+}", "}", route.resource.canonical if route.resource else "")
        if route.method in ("GET", "POST") and path.startswith(("/api/", "/healthz", "/readyz", "/schemas/")):
            served.add((route.method.lower(), path))

    documented = {(method, path) for method, path, _ in operations()}
    assert served - {("get", "/api/v1/live")} == documented


def filled(path: str, parameters: Mapping[str, str]) -> str:
    for name, value in parameters.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def media_types(operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    for answer in (*operation["responses"].values(), *bodies):
        yield from resolved(answer).get("content", {}).values()


def check(value: object, schema: Mapping[str, Any], where: str) -> None:
    document = {**schema, "components": contract()["components"]}
    errors = [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(document).iter_errors(expanded(value))
    ]
    assert errors == [], f"{where}: {errors}"


def resolved(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference leads to."""
    if "$ref" not in value:
        return value
    found: Any = contract()
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return resolved(found)


def expanded(value: Any) -> Any:
    """An example with the references inside it put in place."""
    if isinstance(value, dict):
        if set(value) == {"$ref"} and str(value["$ref"]).startswith("#/components/examples/"):
            return resolved(value)
        return {name: expanded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [expanded(item) for item in value]
    return value
