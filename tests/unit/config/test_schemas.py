"""The schema is documented in full, and says the same as the values that jobs become."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rota.config import schemas
from rota.config.checker import Shape, checker
from rota.config.daemon_config import DaemonConfig, Retention, parse
from rota.config.parse import Surroundings
from rota.config.parse import parse as parse_job
from rota.config.part import Part
from rota.config.places import Places
from rota.config.schemas import SchemaName
from rota.core.model import (
    Concurrency,
    ExitCodes,
    JobSpec,
    Limits,
    Link,
    Missed,
    Retry,
    RunAs,
    Source,
    StepSpec,
)
from rota.core.model import Retention as OwnRetention
from rota.core.triggers import AfterTrigger, AtTrigger, BootTrigger, CronTrigger, EveryTrigger

NAMES: tuple[SchemaName, ...] = ("job", "config")
DEFS = schemas.load("job")["$defs"]
KEYS = DEFS["settings"]["properties"]
WORK = {"run", "exec", "http", "check", "python", "steps", "shell"}
# Fields that no key of their own fills.
OF_ROTA = {"id", "source", "definition", "steps", "triggers", "timezone"}


def properties(schema: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        for item in schema:
            yield from properties(item, where)
    elif isinstance(schema, dict):
        for name, found in schema.get("properties", {}).items():
            yield f"{where}/{name}", found
        for name, inner in schema.items():
            if name not in ("examples", "default", "const", "enum"):
                yield from properties(inner, f"{where}/{name}")


def resolved(schema: dict[str, Any], name: SchemaName) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    target = schemas.load(name)["$defs"][reference.rpartition("/")[2]]
    return {**resolved(target, name), **{key: value for key, value in schema.items() if key != "$ref"}}


def spec(**data: Any) -> JobSpec:
    part = Part(data={"run": "true", **data}, places=Places(("job.yaml", 0, 0, 0, 0)))
    parsed = parse_job("job", part, Source(file="job.yaml", line=1), Surroundings())
    assert parsed.spec is not None, parsed.problems
    return parsed.spec


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_a_schema_with_a_versioned_id(name: SchemaName) -> None:
    Draft202012Validator.check_schema(schemas.load(name))

    assert schemas.load(name)["$id"] == f"urn:rota:schema:{name}:1.0"


@pytest.mark.parametrize("name", NAMES)
def test_every_property_has_a_title_a_description_and_examples_that_fit(name: SchemaName) -> None:
    found = list(properties(schemas.load(name)))

    for where, schema in found:
        whole = resolved(schema, name)
        assert whole.get("description"), where
        assert whole.get("title"), where
        assert whole.get("examples"), where
        checked = Draft202012Validator({**schema, "$defs": schemas.load(name).get("$defs", {})})
        for example in [*whole["examples"], *([whole["default"]] if "default" in whole else [])]:
            assert not list(checked.iter_errors(example)), (where, example)
    assert len(found) > 10


def test_every_field_of_a_job_has_its_key_and_every_key_its_field() -> None:
    filled = {field.name for field in fields(JobSpec)} - OF_ROTA

    written = {{"as": "run_as"}.get(key, key) for key in KEYS}  # `as` is a word of Python's
    assert written - WORK - {"schedule", "hosts"} == filled


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("retry", Retry),
        ("limits", Limits),
        ("concurrency", Concurrency),
        ("as", RunAs),
        ("exitCodes", ExitCodes),
        ("missed", Missed),
        ("retention", OwnRetention),
        ("link", Link),
    ],
)
def test_a_block_and_its_value_have_the_same_members(definition: str, value: Any) -> None:
    assert set(DEFS[definition]["properties"]) == {field.name for field in fields(value)}


@pytest.mark.parametrize("kind", [CronTrigger, EveryTrigger, AtTrigger, BootTrigger, AfterTrigger])
def test_a_trigger_and_its_values_have_the_same_members(kind: Any) -> None:
    """`seed` comes from elsewhere; each kind has one key of its own, which may fill several members."""
    own = {
        CronTrigger: ("cron", {"expression"}),
        EveryTrigger: ("every", {"interval", "from_end"}),
        AtTrigger: ("at", {"at"}),
        BootTrigger: ("boot", {"delay"}),
        AfterTrigger: ("after", {"jobs", "all", "on"}),
    }
    shared = {"timezone", "spread", "excepts"}
    keys = set(DEFS["trigger"]["properties"])

    assert {field.name for field in fields(kind)} - {"seed"} == shared | own[kind][1]
    assert keys == {"timezone", "spread", "except", "from"} | {key for key, _ in own.values()}


def test_a_step_and_its_value_have_the_same_members() -> None:
    of_value = {field.name for field in fields(StepSpec)} - {"work", "when"} | {"if"}

    assert set(DEFS["step"]["properties"]) - WORK == of_value


@pytest.mark.parametrize("block", ["retry", "limits", "concurrency", "exit_codes", "missed"])
def test_the_defaults_of_the_schema_are_those_of_the_values(block: str) -> None:
    definition = DEFS["exitCodes" if block == "exit_codes" else block]["properties"]
    written = {key: schema["default"] for key, schema in definition.items() if "default" in schema}

    built = getattr(spec(**{block: written}), block)

    assert built == getattr(spec(), block)
    undefaulted = {field.name for field in fields(built) if getattr(built, field.name) is None}
    assert set(definition) - set(written) == undefaulted


def test_a_job_that_writes_every_default_is_the_job_that_writes_none() -> None:
    written = {key: schema["default"] for key, schema in KEYS.items() if "default" in schema}

    explicit, silent = spec(**written), spec()

    assert {
        field.name
        for field in fields(JobSpec)
        if getattr(explicit, field.name) != getattr(silent, field.name)
    } == {"definition"}


def test_the_daemons_schema_and_its_configuration_have_the_same_members_and_defaults() -> None:
    schema = schemas.load("config")["properties"]
    renamed = {"web": "web_hosts", "log": "log_format"}
    assert {renamed.get(key, key) for key in schema} == {field.name for field in fields(DaemonConfig)}
    assert set(schema["retention"]["properties"]) == {field.name for field in fields(Retention)}

    lines = [f"{key}: {found['default']}" for key, found in schema.items() if found.get("default")]
    keeping = schema["retention"]["properties"]
    kept = {key: found["default"] for key, found in keeping.items() if "default" in found}
    content = "\n".join([*lines, f"retention: {kept}"]).encode()

    assert parse(content, "rota.yaml", Path("/etc/rota")) == DaemonConfig()


def test_every_value_that_needs_none_has_a_default() -> None:
    assert all(field.default is not MISSING for field in fields(Retry))


def test_an_editor_that_checks_a_whole_file_agrees_with_rota() -> None:
    published = Draft202012Validator(schemas.load("job"))

    assert published.is_valid({"run": "x"})
    assert published.is_valid({"jobs": {"a": {"run": "x"}}})
    assert not published.is_valid({"run": "x", "timout": 1})
    assert not published.is_valid({"jobs": {"a": {"rum": "x"}}})
    assert not published.is_valid({"jobs": {"a_b": {"run": "x"}}})


def test_the_end_of_a_text_is_the_end_and_not_a_line_end_before_it() -> None:
    assert not checker(Shape.JOB).is_valid({"run": "x", "start_deadline": "5m\n"})
