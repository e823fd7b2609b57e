"""What the JSON Schema finds wrong, in words, at its place, with a hint for near misses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rota.config import near
from rota.config.part import Part
from rota.config.schemas import load
from rota.core.problems import Problem

# A ValidationError. Any, since the stubs take each of its members for possibly unset.
Error = Any

_SHOWN = 60  # characters of a wrong value that a message repeats


def explain(errors: Iterable[Error], part: Part, *, partial: bool = False) -> list[Problem]:
    """The errors found in `part.data` as problems; `partial` accepts that required keys are missing."""
    problems: list[Problem] = []
    for leaf in _leaves(errors):
        if partial and _only_lacks(leaf):
            continue
        problems.extend(_WORDING.get(leaf.validator, _unlike)(leaf, part))
    return problems


def describe(value: object) -> str:
    """A value in a few words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return _described_text(value)
    size = len(value) if isinstance(value, list | dict) else 0
    shape, unit = ("list", "item") if isinstance(value, list) else ("map", "key")
    return f"an empty {shape}" if size == 0 else f"a {shape} of {size} {unit}{'s' if size > 1 else ''}"


def _described_text(text: str) -> str:
    if text == "":
        return "an empty text"
    if "\n" in text.strip("\n"):
        return f"a text of {len(text.splitlines())} lines"
    if len(text) > _SHOWN:
        return f"a text of {len(text)} characters"
    return f'"{text}"' if text.isprintable() else repr(text)


def _leaves(errors: Iterable[Error]) -> Iterator[Error]:
    """The errors that say most: for a choice, those of the branch that the writer had in mind."""
    for error in errors:
        branch = _intended_branch(error) if error.validator == "anyOf" else None
        if branch is None:
            yield error
        else:
            yield from _leaves(branch)


def _intended_branch(error: Error) -> list[Error] | None:
    branches: dict[Any, list[Error]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    of_right_type = [
        branch
        for branch in branches.values()
        if not any(inner.validator == "type" and not inner.path for inner in branch)
    ]
    return of_right_type[0] if len(of_right_type) == 1 else None


def _path(error: Error) -> list[str | int]:
    return list(error.absolute_path)


def _only_lacks(error: Error) -> bool:
    if error.validator == "oneOf":
        return not _present(error)
    return bool(error.validator == "required")


def _unlike(error: Error, part: Part) -> Iterator[Problem]:
    expected = str(error.schema.get("title", "something else")) if isinstance(error.schema, dict) else "none"
    message = f"expected {expected}, got {describe(error.instance)}"
    in_name = "propertyNames" in error.absolute_schema_path and isinstance(error.instance, str)
    path = _path(error)
    yield part.problem(
        [*path, str(error.instance)] if in_name else path,
        message,
        near.value(error.instance, expected),
        at_key=in_name,
    )


def _too_long(error: Error, part: Part) -> Iterator[Problem]:
    if "propertyNames" in error.absolute_schema_path:
        yield from _unlike(error, part)
        return
    expected = str(error.schema.get("title", "text")) if isinstance(error.schema, dict) else "text"
    expected = expected.partition(", at most")[0]
    message = f"expected {expected}, at most {error.validator_value} characters, got {len(error.instance)}"
    yield part.problem(_path(error), message, None)


def _unlisted(error: Error, part: Part) -> Iterator[Problem]:
    listed = [str(each) for each in error.validator_value]
    message = f"expected one of {', '.join(listed)}, got {describe(error.instance)}"
    hint = near.word(error.instance, listed) if isinstance(error.instance, str) else None
    yield part.problem(_path(error), message, hint)


def _unknown_keys(error: Error, part: Part) -> Iterator[Problem]:
    known = list(error.schema["properties"])
    for key in error.instance:
        if key not in known:
            hint = near.key(key, known)
            yield part.problem(
                [*_path(error), key], f'unknown key "{key}"', hint or _among(known), at_key=True
            )


def _among(known: list[str]) -> str:
    return f"known here: {', '.join(known)}"


def _missing_keys(error: Error, part: Part) -> Iterator[Problem]:
    for key in error.validator_value:
        if key not in error.instance:
            yield part.problem(_path(error), f'missing key "{key}"', _example(error, key))


def _example(error: Error, key: str) -> str | None:
    described = error.schema["properties"].get(key, {}).get("description")
    return None if described is None else str(described)


def _choice(error: Error, part: Part) -> Iterator[Problem]:
    if not isinstance(error.instance, dict):
        return  # its type is a problem of its own
    choices = [branch["required"][0] for branch in error.validator_value]
    present = _present(error)
    listed = _series(choices, "or")
    if present:
        message = f"{_series(present, 'and')} exclude each other: expected exactly one of {listed}"
        yield part.problem([*_path(error), present[1]], message, "keep one of them", at_key=True)
    elif not _misspelt(error, choices):
        yield part.problem(_path(error), f"expected exactly one of {listed}, found none of them")


def _series(words: list[str], last: str) -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def _present(error: Error) -> list[str]:
    if not isinstance(error.instance, dict):
        return []
    choices = {branch["required"][0] for branch in error.validator_value}
    return [key for key in error.instance if key in choices]


def _misspelt(error: Error, choices: list[str]) -> bool:
    # A job is `$ref: settings` with the choice beside it: then its keys are not in the schema that failed.
    known = error.schema.get("properties") or load("job")["$defs"]["settings"]["properties"]
    unknown = [key for key in error.instance if key not in known]
    return any(near.key(key, choices) for key in unknown)


def _excluding(error: Error, part: Part) -> Iterator[Problem]:
    excluded = error.validator_value.get("required")
    if excluded is None:
        yield part.problem(_path(error), f"{describe(error.instance)} is a name that rota itself uses")
        return
    message = f"{' and '.join(excluded)} exclude each other"
    yield part.problem([*_path(error), excluded[-1]], message, "keep one of them", at_key=True)


def _dependent(error: Error, part: Part) -> Iterator[Problem]:
    for key, needs in error.validator_value.items():
        lacking = [each for each in needs if each not in error.instance]
        if key in error.instance and lacking:
            message = f"{key} has a meaning only beside {' and '.join(lacking)}"
            yield part.problem([*_path(error), key], message, at_key=True)


def _repeated(error: Error, part: Part) -> Iterator[Problem]:
    for index, item in enumerate(error.instance):
        if item in error.instance[:index]:
            yield part.problem([*_path(error), index], f"{describe(item)} is in the list already")


_WORDING: dict[object, Callable[[Error, Part], Iterator[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "dependentRequired": _dependent,
    "enum": _unlisted,
    "maxLength": _too_long,
    "not": _excluding,
    "oneOf": _choice,
    "required": _missing_keys,
    "uniqueItems": _repeated,
}
