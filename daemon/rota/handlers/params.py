"""Parameters of a run by hand: what a request sent, held against what the job takes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rota.core.errors import InvalidRequest
from rota.core.param_schema import errors_in
from rota.core.problems import Problem
from rota.core.templates import MAX_TEXT, as_text

MAX_ALL = 256 * 1024  # bytes of all values together

Schemas = Mapping[str, Mapping[str, object]]


def checked_params(schemas: Schemas, given: Mapping[str, object] | None = None) -> dict[str, object]:
    """The parameters with their defaults filled in.

    Raises InvalidRequest with one problem for each wrong, missing or unknown one.
    """
    sent = dict(given or {})
    values = {name: schema["default"] for name, schema in schemas.items() if "default" in schema} | sent
    problems = [*_unknown(schemas, sent), *_missing(schemas, values)]
    large = _too_large(values)
    for name, schema in schemas.items():
        if name in values and not large:  # nothing large is looked at closely
            problems += _wrong(name, schema, values[name])
    problems += large
    if problems:
        raise InvalidRequest(" ".join(problem.message for problem in problems), problems)
    return values


def from_form(schemas: Schemas, fields: Mapping[str, str]) -> dict[str, object]:
    """Texts of an HTML form (or of `-p name=value`) as the types the job takes.

    A text that does not read as its type stays text, so that `checked_params` names it; an empty field of a
    type that is no text counts as not sent. Unknown names are passed on to be refused there.
    """
    values: dict[str, object] = {}
    for name, text in fields.items():
        kinds = _types(schemas.get(name, {}))
        if text == "" and kinds and "string" not in kinds:
            continue
        values[name] = _read(kinds, text)
    return values


def _read(kinds: frozenset[str], text: str) -> object:
    if not kinds or "string" in kinds:
        return text
    if "boolean" in kinds and text in ("on", "yes"):  # what browsers send for a ticked box
        return True
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _types(schema: Mapping[str, object]) -> frozenset[str]:
    declared = schema.get("type")
    if isinstance(declared, str):
        return frozenset({declared})
    if isinstance(declared, list):
        return frozenset(str(kind) for kind in declared)
    enum = schema.get("enum")
    if isinstance(enum, list) and not any(isinstance(item, str) for item in enum):
        return frozenset({"json"})
    return frozenset()


def _unknown(schemas: Schemas, sent: Mapping[str, object]) -> list[Problem]:
    takes = ", ".join(sorted(schemas)) or "none"
    return [
        _problem(name, f"{name!r} is not a parameter of this job; it takes {takes}.")
        for name in sent
        if name not in schemas
    ]


def _missing(schemas: Schemas, values: Mapping[str, object]) -> list[Problem]:
    return [
        _problem(name, f"The parameter {name!r} is needed: it has no default.")
        for name in schemas
        if name not in values
    ]


def _wrong(name: str, schema: Mapping[str, object], value: object) -> list[Problem]:
    found = [
        _problem(name, f"The parameter {name!r}: {error.message}.", *error.absolute_path)
        for error in errors_in(schema, value)
    ]
    if "\0" in as_text(value):
        found.append(_problem(name, f"The parameter {name!r} holds a NUL character."))
    if any("\ud800" <= character <= "\udfff" for character in as_text(value)):
        found.append(_problem(name, f"The parameter {name!r} holds half a character (a surrogate)."))
    return found


def _too_large(values: Mapping[str, object]) -> list[Problem]:
    sizes = {name: len(as_text(value).encode("utf-8", "surrogatepass")) for name, value in values.items()}
    found = [
        _problem(name, f"The parameter {name!r} is larger than {MAX_TEXT // 1024} KiB.")
        for name, size in sizes.items()
        if size > MAX_TEXT
    ]
    if sum(sizes.values()) > MAX_ALL:
        found.append(_problem("", f"The parameters together are larger than {MAX_ALL // 1024} KiB."))
    return found


def _problem(name: str, message: str, *inside: object) -> Problem:
    """`inside` is where in the parameter's value: names and positions."""
    tokens = (str(token).replace("~", "~0").replace("/", "~1") for token in ((name, *inside) if name else ()))
    return Problem(file="", line=0, column=0, message=message, path="".join(f"/{token}" for token in tokens))
