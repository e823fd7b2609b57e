"""What the JSON Schema finds wrong, in words, at its place, with a hint for near misses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from rota.config import near
from rota.config.part import Part
from rota.config.repair import repair
from rota.config.schemas import load
from rota.core.problems import Problem

# A ValidationError. Any, since the stubs take each of its members for possibly unset.
Error = Any

_SHOWN = 60  # characters of a wrong value that a message repeats
_MOST = 100  # problems of one job that are told


def explain(errors: Iterable[Error], part: Part, *, partial: bool = False) -> list[Problem]:
    """The errors found in `part.data` as problems; `partial` accepts that required keys are missing."""
    leaves = (leaf for leaf in _leaves(errors) if not (partial and _only_lacks(leaf)))
    each = (_WORDING.get(leaf.validator, _unlike)(leaf, part) for leaf in leaves)
    problems = list(dict.fromkeys(islice(chain.from_iterable(each), _MOST + 1)))
    if len(problems) > _MOST:
        problems[_MOST] = replace(
            problems[_MOST], message="there are more problems: mend these first", hint=None
        )
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
    if len(of_right_type) != 1 or any(
        inner.validator == "const" and not inner.path for inner in of_right_type[0]
    ):
        return None
    return of_right_type[0]


def _path(error: Error) -> list[str | int]:
    return list(error.absolute_path)


def _only_lacks(error: Error) -> bool:
    if error.validator == "oneOf":
        return not _present(error)
    return bool(error.validator == "required")


def _unlike(error: Error, part: Part) -> Iterator[Problem]:
    expected = str(error.schema.get("title", "something else")) if isinstance(error.schema, dict) else "none"
    path = _path(error)
    is_secret = path[:1] == ["secrets"] and not path[2:]  # maybe the value itself: never repeated
    got = "a value" if is_secret else describe(error.instance)
    message = f"expected {expected}, got {got}"
    hint = repair(error.instance, expected)
    if "propertyNames" in error.absolute_schema_path and isinstance(error.instance, str):
        yield part.problem([*path, error.instance], message, hint, at_key=True).of_rule("wrong-key")
    else:
        yield part.problem(path, message, hint).of_rule("wrong-value")


def _too_long(error: Error, part: Part) -> Iterator[Problem]:
    if "propertyNames" in error.absolute_schema_path:
        yield from _unlike(error, part)
        return
    expected = str(error.schema.get("title", "text")) if isinstance(error.schema, dict) else "text"
    expected = expected.partition(", at most")[0]
    message = f"expected {expected}, at most {error.validator_value} characters, got {len(error.instance)}"
    yield part.problem(_path(error), message, "shorten it").of_rule("wrong-value")


def _out_of_range(error: Error, part: Part) -> Iterator[Problem]:
    expected = str(error.schema.get("title", "a number"))
    bound, least = error.validator_value, error.validator == "minimum"
    named = re.search(rf"\b{bound}\b", expected) is not None or (least and "longer than 0" in expected)
    limit = "" if named else f", at {'least' if least else 'most'} {bound}"
    message = f"expected {expected}{limit}, got {describe(error.instance)}"
    yield part.problem(_path(error), message, repair(error.instance, expected)).of_rule("wrong-value")


def _unlisted(error: Error, part: Part) -> Iterator[Problem]:
    listed = [str(each) for each in error.validator_value]
    message = f"expected one of {', '.join(listed)}, got {describe(error.instance)}"
    hint = near.word(error.instance, listed) if isinstance(error.instance, str) else None
    if listed == ["bash", "sh"]:
        hint = f"for another shell write an argv: [{error.instance}, -c]"
    yield part.problem(_path(error), message, hint).of_rule("wrong-value")


def _unknown_keys(error: Error, part: Part) -> Iterator[Problem]:
    known = list(error.schema["properties"])
    for key in error.instance:
        if key not in known:
            hint = _hint_for_key(key, error.schema)
            problem = part.problem([*_path(error), key], f'unknown key "{_cut(key)}"', hint, at_key=True)
            yield problem.of_rule("unknown-key")


def _hint_for_key(key: str, schema: dict[str, Any]) -> str:
    known = list(schema["properties"])
    settings = load("job")["$defs"]["settings"]["properties"]
    if key == "id" and known == list(settings):
        return "the file's name is the job's id: leave it out"
    inner = next(
        (name for name, each in schema["properties"].items() if key in each.get("properties", ())), None
    )
    if inner is not None:
        return f"did you mean `{inner}: {{{key}: …}}`?"
    if key in settings and known != list(settings):
        return f"`{key}` is a key of the job itself, not of this block"
    holder = next((name for name in _BLOCKS if key in _block_keys(name)), None)
    if holder is not None and near.elsewhere(key, known) is None:
        return f"it belongs to `{holder}: {{{key}: …}}` of the job"
    return near.key(key, known) or _among(known)


_BLOCKS = ("schedule", "retry", "limits", "concurrency", "as", "missed", "exit_codes", "batch")
_DEFINITIONS = {"schedule": "trigger", "exit_codes": "exitCodes"}


def _block_keys(name: str) -> Iterable[str]:
    definition = load("job")["$defs"].get(_DEFINITIONS.get(name, name), {})
    keys: dict[str, Any] = definition.get("properties", {})
    return keys


def _among(known: list[str]) -> str:
    return f"known here: {', '.join(known)}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _missing_keys(error: Error, part: Part) -> Iterator[Problem]:
    for key in error.validator_value:
        if key not in error.instance and not _nearly(key, error):
            hint = _example(error, key)
            yield part.problem(_path(error), f'missing key "{key}"', hint).of_rule("missing-key")


def _nearly(key: str, error: Error) -> bool:
    """A misspelt key is one problem: the unknown one."""
    known = list(error.schema.get("properties", {}))
    unknown = [each for each in error.instance if each not in known]
    return any(near.key(each, [key]) for each in unknown)


def _example(error: Error, key: str) -> str | None:
    schema = error.schema["properties"].get(key, {})
    example = next(iter(schema.get("examples", ())), None)
    if not isinstance(example, str | int):
        return str(schema["description"]) if "description" in schema else None
    return f"add `{key}: {example}`"


def _choice(error: Error, part: Part) -> Iterator[Problem]:
    if not isinstance(error.instance, dict):
        return  # its type is a problem of its own
    choices = [branch["required"][0] for branch in error.validator_value]
    present = _present(error)
    listed = _series(choices, "or")
    if present:
        message = f"{_series(present, 'and')} exclude each other: expected exactly one of {listed}"
        path = [*_path(error), present[1]]
        yield part.problem(path, message, "keep one of them", at_key=True).of_rule("exclusive-keys")
    elif not _misspelt(error, choices):
        message = f"expected exactly one of {listed}, found none of them"
        yield part.problem(_path(error), message, _first_choice(error, choices)).of_rule("missing-key")


def _first_choice(error: Error, choices: list[str]) -> str | None:
    schema = _keys_of(error).get(choices[0], {})
    example = next(iter(schema.get("examples", ())), None)
    if not isinstance(example, str | int):
        return None
    return (
        f'such as `{choices[0]}: "{example}"`'
        if "*" in str(example)
        else f"such as `{choices[0]}: {example}`"
    )


def _keys_of(error: Error) -> dict[str, Any]:
    # A job is `$ref: settings` with the choice beside it: then its keys are not in the schema that failed.
    keys: dict[str, Any] = error.schema.get("properties") or load("job")["$defs"]["settings"]["properties"]
    return keys


def _series(words: list[str], last: str) -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def _present(error: Error) -> list[str]:
    if not isinstance(error.instance, dict):
        return []
    choices = {branch["required"][0] for branch in error.validator_value}
    return [key for key in error.instance if key in choices]


def _misspelt(error: Error, choices: list[str]) -> bool:
    if known := error.schema.get("properties"):
        return any(key not in known for key in error.instance)
    return any(near.key(key, choices) for key in error.instance if key not in _keys_of(error))


def _excluding(error: Error, part: Part) -> Iterator[Problem]:
    excluded = error.validator_value.get("required")
    if excluded is None:
        message = f"{describe(error.instance)} is a name that rota itself uses"
        yield part.problem(_path(error), message, "choose another one").of_rule("wrong-value")
        return
    if not isinstance(error.instance, dict):
        return  # its type is a problem of its own
    message = f"{' and '.join(excluded)} exclude each other"
    path = [*_path(error), excluded[-1]]
    yield part.problem(path, message, "keep one of them", at_key=True).of_rule("exclusive-keys")


def _dependent(error: Error, part: Part) -> Iterator[Problem]:
    for key, needs in error.validator_value.items():
        lacking = [each for each in needs if each not in error.instance]
        if key in error.instance and lacking:
            message = f"{key} has a meaning only beside {' and '.join(lacking)}"
            yield part.problem([*_path(error), key], message, at_key=True).of_rule("missing-key")


def _repeated(error: Error, part: Part) -> Iterator[Problem]:
    for index, item in enumerate(error.instance):
        if item in error.instance[:index]:
            message = f"{describe(item)} is in the list already"
            yield part.problem([*_path(error), index], message, "remove it").of_rule("wrong-value")


_WORDING: dict[object, Callable[[Error, Part], Iterator[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "dependentRequired": _dependent,
    "enum": _unlisted,
    "maximum": _out_of_range,
    "minimum": _out_of_range,
    "maxLength": _too_long,
    "not": _excluding,
    "oneOf": _choice,
    "required": _missing_keys,
    "uniqueItems": _repeated,
}
