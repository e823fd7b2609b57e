"""A parameter's JSON Schema held against a value, in bounded time and without asking anybody."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

MAX_PATTERN = 1000  # characters
TOO_SLOW = "patience"  # the `validator` of an error about a pattern that takes too long
_PATIENCE = 0.1  # seconds for all patterns of one value

# A ValidationError of jsonschema, and a validator. Any, since stubs take the members for possibly unset.
Error = Any
Validator = Any


def errors_in(schema: Mapping[str, Any], value: object) -> list[Error]:
    """What is wrong with the value, by place. References in the schema are never fetched."""
    from referencing import Registry

    draft = _with_patterns() if any(patterns_in(schema)) else _draft()
    found = draft(dict(schema), registry=Registry()).iter_errors(value)
    return sorted(found, key=lambda error: str(error.json_path))


def patterns_in(schema: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every regular expression in a schema, and where it stands."""
    for where, keyword, value in _keywords(schema, ()):
        if keyword == "pattern" and isinstance(value, str):
            yield where, value
        if keyword == "patternProperties" and isinstance(value, dict):
            yield from (((*where, pattern), pattern) for pattern in value)


def references_in(schema: object) -> Iterator[tuple[str | int, ...]]:
    """Where a schema refers to another one."""
    return (where for where, keyword, _ in _keywords(schema, ()) if keyword in ("$ref", "$dynamicRef"))


def is_readable(pattern: str) -> bool:
    """Whether the text is a regular expression that can be used, not longer than `MAX_PATTERN`."""
    import regex

    if len(pattern) > MAX_PATTERN:
        return False
    try:
        re.compile(pattern)
        _compiled(pattern)
    except (re.error, regex.error, RecursionError, OverflowError, ValueError):
        return False
    return True


def _keywords(
    schema: object, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str, Any]]:
    if isinstance(schema, dict):
        for keyword, value in schema.items():
            yield (*path, keyword), keyword, value
            if keyword not in ("enum", "const", "default", "examples"):  # values, not schemas
                yield from _keywords(value, (*path, keyword))
    elif isinstance(schema, list):
        for index, each in enumerate(schema):
            yield from _keywords(each, (*path, index))


@cache
def _draft() -> Validator:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    return extend(Draft202012Validator, {"uniqueItems": _unique})  # type: ignore[no-untyped-call]


def _unique(_: Validator, wanted: bool, instance: Any, __: object) -> Iterator[Error]:
    # The library compares each item with each other one when it can't sort them.
    from jsonschema import ValidationError

    if wanted and isinstance(instance, list):
        told = [json.dumps(item, sort_keys=True) for item in instance]
        if len(set(told)) < len(told):
            yield ValidationError(f"{instance!r} has non-unique elements")


def _with_patterns() -> Validator:
    """Knows for how long it has searched, so it is made anew for each value."""
    from jsonschema.validators import extend

    search = _Search()
    keywords = {
        "pattern": search.pattern,
        "patternProperties": search.pattern_properties,
        "additionalProperties": search.additional_properties,
    }
    return extend(_draft(), keywords)  # type: ignore[no-untyped-call]


class _Search:
    """Regular expressions with an end: some of a few characters would search for years."""

    def __init__(self) -> None:
        self._left = _PATIENCE

    def pattern(self, _: Validator, pattern: str, instance: object, __: object) -> Iterator[Error]:
        from jsonschema import ValidationError

        if isinstance(instance, str):
            try:
                if not self._found(pattern, instance):
                    yield ValidationError(f"{instance!r} does not match {pattern!r}")
            except TimeoutError:
                yield _too_slow(pattern)

    def pattern_properties(
        self, validator: Validator, patterns: Mapping[str, Any], instance: Any, _: object
    ) -> Iterator[Error]:
        for pattern, schema in patterns.items() if isinstance(instance, dict) else ():
            try:
                names = [name for name in instance if self._found(pattern, name)]
            except TimeoutError:
                yield _too_slow(pattern)
                continue
            for name in names:
                yield from validator.descend(instance[name], schema, path=name, schema_path=pattern)

    def additional_properties(
        self, validator: Validator, wanted: object, instance: object, schema: Mapping[str, Any]
    ) -> Iterator[Error]:
        from jsonschema import ValidationError

        if not isinstance(instance, dict):
            return
        try:
            added = [name for name in instance if not self._is_named(name, schema)]
        except TimeoutError:
            yield _too_slow(", ".join(schema["patternProperties"]))
            return
        if wanted is False and added:
            yield ValidationError(f"has properties that are not allowed: {', '.join(added)}")
        for name in added if isinstance(wanted, dict) else ():
            yield from validator.descend(instance[name], wanted, path=name)

    def _is_named(self, name: str, schema: Mapping[str, Any]) -> bool:
        patterns = schema.get("patternProperties", {})
        return name in schema.get("properties", {}) or any(self._found(each, name) for each in patterns)

    def _found(self, pattern: str, text: str) -> bool:
        """Raises TimeoutError when all searches together have taken too long."""
        if self._left <= 0:
            raise TimeoutError
        begin = time.monotonic()
        try:
            return _compiled(pattern).search(text, timeout=self._left) is not None
        finally:
            self._left -= time.monotonic() - begin


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    import regex

    return regex.compile(pattern)


def _too_slow(pattern: str) -> Error:
    from jsonschema import ValidationError

    return ValidationError(f"it takes too long to be held against {pattern!r}", validator=TOO_SLOW)
