"""What is wrong with a parameter's own JSON Schema, or with a default under it, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rota.config import near
from rota.config.wording import describe
from rota.core.param_schema import TOO_SLOW

# A ValidationError. Any, since the stubs take each of its members for possibly unset.
Error = Any

_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "nothing",
}


def told(error: Error) -> tuple[str, str | None]:
    """Message and hint of what a validator found."""
    found = describe(error.instance)
    if list(error.path)[-1:] == ["type"] and error.validator in ("anyOf", "enum"):
        hint = near.word(str(error.instance), _TYPES)
        return f"there is no type {found}", hint or f"known types: {', '.join(_TYPES)}"
    if error.validator == "format" and error.validator_value == "regex":
        return f"{found} is not a regular expression", "check its brackets and backslashes"
    if error.validator == TOO_SLOW:
        return error.message, "write a pattern in which no repetition stands within another one"
    words = _WORDS.get(error.validator)
    if words is None:
        return f"{found} does not fit its `{error.validator}`", None
    return f"expected {words(error.validator_value)}, got {found}", None


def _typed(value: Any) -> str:
    kinds = [value] if isinstance(value, str) else list(value)
    return " or ".join(_NAMES.get(kind, str(kind)) for kind in kinds)


_WORDS: dict[str, Callable[[Any], str]] = {
    "type": _typed,
    "enum": lambda value: f"one of {', '.join(map(str, value))}",
    "const": lambda value: describe(value),
    "minimum": lambda value: f"at least {value}",
    "maximum": lambda value: f"at most {value}",
    "exclusiveMinimum": lambda value: f"more than {value}",
    "exclusiveMaximum": lambda value: f"less than {value}",
    "multipleOf": lambda value: f"a multiple of {value}",
    "minLength": lambda value: f"at least {value} characters",
    "maxLength": lambda value: f"at most {value} characters",
    "pattern": lambda value: f"text that matches {value}",
    "format": lambda value: f"text of the format {value}",
    "minItems": lambda value: f"at least {value} items",
    "maxItems": lambda value: f"at most {value} items",
    "uniqueItems": lambda _: "items that differ",
    "required": lambda value: f"the keys {', '.join(map(str, value))}",
    "additionalProperties": lambda _: "no other keys than those named",
    "minProperties": lambda value: f"at least {value} keys",
    "maxProperties": lambda value: f"at most {value} keys",
    "anyOf": lambda _: "a value that fits one of its `anyOf`",
    "oneOf": lambda _: "a value that fits exactly one of its `oneOf`",
    "not": lambda _: "a value that does not fit its `not`",
}
