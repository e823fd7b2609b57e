"""The HTTP contract, `openapi.yaml`: served as it is, and the judge of every body that comes in."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from jsonschema import Draft202012Validator

from rota.core.errors import InvalidRequest
from rota.core.problems import Problem

_FILE = Path(__file__).with_name("openapi.yaml")


@cache
def contract() -> dict[str, Any]:
    """The whole document. Shared: nobody changes it."""
    # Our own file: the C loader reads it in a tenth of the time, and without libyaml the other one does.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=loader)
    return loaded


async def read_body(request: web.Request, schema: str) -> dict[str, Any]:
    """The JSON body, which fits that schema of the contract; an empty body is an empty object.

    Raises HTTPUnsupportedMediaType unless it is declared as JSON, InvalidRequest when it does not fit.
    """
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(reason="Send Content-Type: application/json")
    try:
        body: Any = await request.json() if await request.read() else {}
    except ValueError as error:
        raise InvalidRequest(f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise InvalidRequest("The body is nested too deep.") from None
    check(body, schema)
    checked: dict[str, Any] = body
    return checked


def check(body: object, schema: str) -> None:
    """Raises InvalidRequest with every error when the body does not fit the schema of that name."""
    errors = sorted(_validator(schema).iter_errors(body), key=lambda error: error.json_path)
    if errors:
        problems = [_problem(error.absolute_path, error.message) for error in errors]
        raise InvalidRequest(" ".join(f"{problem.message}." for problem in problems), problems)


@cache
def _validator(schema: str) -> Draft202012Validator:
    document = {"$ref": f"#/components/schemas/{schema}", "components": contract()["components"]}
    return Draft202012Validator(document)


def _problem(path: Any, message: str) -> Problem:
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
    return Problem(file="", line=0, column=0, path=pointer, message=message)
