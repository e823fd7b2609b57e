"""What the schema can't see in `params`, `exit_codes`, `concurrency` and `expect`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from rota.config import near
from rota.config.param_words import told
from rota.config.part import Part
from rota.config.places import Places
from rota.config.quantity import duration
from rota.config.wording import describe
from rota.core.param_schema import MAX_PATTERN, errors_in, is_readable, patterns_in, references_in
from rota.core.problems import Problem

# What applies to a value by itself. References are left out: nothing is ever fetched for a parameter.
_KEYWORDS = (
    *("type", "enum", "const", "title", "description", "default", "examples", "format", "$comment"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern"),
    *(
        "items",
        "prefixItems",
        "contains",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minContains",
        "maxContains",
    ),
    *("properties", "patternProperties", "additionalProperties", "propertyNames", "required"),
    *("minProperties", "maxProperties", "dependentRequired", "dependentSchemas"),
    *("allOf", "anyOf", "oneOf", "not", "if", "then", "else"),
    *("readOnly", "writeOnly", "deprecated", "contentEncoding", "contentMediaType"),
)
_GROUPS = ("ok", "warn", "skip", "retry", "fatal")


def check_params(data: Mapping[str, Any], part: Part, problems: list[Problem]) -> None:
    """Each parameter must be a JSON Schema, with a default that fits it."""
    for name, schema in data.get("params", {}).items():
        if _is_fine(json.dumps(schema)):
            continue
        path: list[str | int] = ["params", name]
        odd = [
            part.problem([*path, *where], message, hint, at_key=True)
            for where, message, hint in _odd_keywords(schema)
        ]
        problems.extend(odd or _wrong_schema(path, schema, part))


def check_pool(
    data: Mapping[str, Any], part: Part, pools: Mapping[str, int] | None, problems: list[Problem]
) -> None:
    """The pool must be one of rota.yaml, and have room for a run. With `pools` None nobody knows."""
    sharing = data.get("concurrency", {})
    pool, weight = sharing.get("pool"), sharing.get("weight", 1)
    if pool is None or pools is None:
        return
    if pool not in pools:
        hint = near.word(pool, pools) or f"pools in rota.yaml: {', '.join(sorted(pools)) or 'none'}"
        problems.append(
            part.problem(["concurrency", "pool"], f'there is no pool "{pool}" in rota.yaml', hint)
        )
    elif weight > pools[pool]:
        message = (
            f'a run takes {weight} places, and the pool "{pool}" has {pools[pool]}: it could never start'
        )
        problems.append(
            part.problem(["concurrency", "weight"], message, "lower the weight, or raise the pool's size")
        )


def check_expect(data: Mapping[str, Any], part: Part, problems: list[Problem]) -> None:
    """The shortest usual run can't be longer than the longest."""
    usual = data.get("expect", {}).get("duration", {})
    if "min" in usual and "max" in usual and duration(usual["min"]) > duration(usual["max"]):
        message = f"min ({usual['min']}) is longer than max ({usual['max']})"
        problems.append(part.problem(["expect", "duration", "min"], message, "exchange the two"))


def check_exit_codes(data: Mapping[str, Any], part: Part, problems: list[Problem]) -> None:
    """An exit code can mean one thing only."""
    seen: dict[int, str] = {}
    written = data.get("exit_codes", {})
    for group in _GROUPS:
        for index, code in enumerate(written.get(group, [])):
            if code in seen:
                message = f"exit code {code} is in {seen[code]} already: a code can mean one thing only"
                problems.append(part.problem(["exit_codes", group, index], message))
            seen.setdefault(code, group)


@lru_cache(maxsize=1024)  # the same few parameters stand in many files, and a proof takes a while
def _is_fine(schema: str) -> bool:
    """Whether there is nothing to say about a parameter, given as JSON."""
    raw = json.loads(schema)
    nowhere = Part(data=None, places=Places(("", 0, 0, 0, 0)))
    return not any(_odd_keywords(raw)) and not any(_wrong_schema([], raw, nowhere))


def _odd_keywords(schema: Mapping[str, Any]) -> Iterator[tuple[list[str | int], str, str | None]]:
    for where in references_in(schema):
        yield [*where], "a parameter's schema can't refer to another one", "write it out"
    for keyword in schema:
        if keyword in ("$ref", "$dynamicRef"):
            continue
        if keyword not in _KEYWORDS and not keyword.startswith("x-"):
            hint = near.word(keyword, _KEYWORDS) or "a parameter is a JSON Schema"
            yield [keyword], f'unknown keyword "{keyword}"', hint


def _wrong_schema(path: list[str | int], schema: dict[str, Any], part: Part) -> Iterator[Problem]:
    wrong = False
    for place, message, hint in _odd_patterns(schema) or _meta_errors(schema):
        wrong = True
        yield part.problem([*path, *place], f"not a JSON Schema: {message}", hint).of_rule("params")
    if wrong or "default" not in schema:
        return
    for error in errors_in(schema, schema["default"]):
        message, hint = told(error)
        where = [*path, "default", *error.absolute_path]
        yield part.problem(where, f"the default does not fit its own schema: {message}", hint).of_rule(
            "params"
        )


def _odd_patterns(schema: object) -> list[tuple[tuple[str | int, ...], str, str | None]]:
    """Before anything else looks at them: a deep one makes the standard library raise."""
    long = f"a pattern has at most {MAX_PATTERN} characters"
    hint = "check its brackets and backslashes"
    return [
        (where, long, None)
        if len(pattern) > MAX_PATTERN
        else (where, f"{describe(pattern)} is not a regular expression", hint)
        for where, pattern in patterns_in(schema)
        if not is_readable(pattern)
    ]


def _meta_errors(schema: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str | None]]:
    for error in _meta().iter_errors(schema):
        yield (tuple(error.absolute_path), *told(error))


@cache
def _meta() -> Validator:
    return Draft202012Validator(
        Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
