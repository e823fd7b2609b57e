"""The validators of the published schemas, each built once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from rota.config.quick import Proof, prover
from rota.config.schemas import load


class Shape(StrEnum):
    """What is checked; the value is the name below `$defs` of the job schema."""

    JOB = "job"
    DEFAULTS = "defaults"
    JOBS_FILE = "jobsFile"
    CONFIG = "config"


@cache
def checker(shape: Shape) -> Any:
    """The validator of that shape. A file of jobs is checked without the jobs in it: each is a JOB."""
    if shape is Shape.CONFIG:
        return _Draft(load("config"))
    definitions = load("job")["$defs"]
    if shape is Shape.JOBS_FILE:
        outline = definitions[shape]
        jobs = {**outline["properties"]["jobs"], "additionalProperties": True}
        return _Draft({**outline, "properties": {"jobs": jobs}, "$defs": definitions})
    return _Draft({"$ref": f"#/$defs/{shape}", "$defs": definitions})


def errors_in(data: object) -> list[Any]:
    """The errors of a job; what is right is found right without the validator."""
    return [] if _job_proof()(data) else list(checker(Shape.JOB).iter_errors(data))


@cache
def _job_proof() -> Proof:
    definitions = load("job")["$defs"]
    return prover(definitions[Shape.JOB], definitions)


def _pattern(_: object, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    # As ECMA 262, which JSON Schema names, `$` is the end of the text; Python's also precedes a line end.
    if isinstance(instance, str) and _compiled(pattern).search(instance) is None:
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\$$", r"\\Z", pattern))


_Draft: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"pattern": _pattern}
)
