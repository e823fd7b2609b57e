"""`matrix:` — one file that stands for many jobs, one for each combination of values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from rota.config.checker import errors_in
from rota.config.part import Part
from rota.config.places import Data
from rota.config.wording import explain
from rota.core.problems import Problem

MOST = 256  # jobs of one matrix
_LONGEST_ID = 63
_NOT_OF_ID = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One job of a matrix: the whole job as written, with one value for each name."""

    job: str
    part: Part


def has_matrix(data: Data) -> bool:
    """Whether the job as written stands for several."""
    return isinstance(data, dict) and data.get("matrix") not in (None, {})


def variants(job: str, part: Part, problems: list[Problem]) -> list[Variant]:
    """The jobs of a matrix in the order of their values; none, and a problem, when nobody can tell them."""
    data: Any = part.data
    wrong = [error for error in errors_in(data) if error.absolute_path and error.absolute_path[0] == "matrix"]
    if wrong:
        problems += explain(wrong, part)
        return []
    choices = [[(name, *choice) for choice in _choices(values)] for name, values in data["matrix"].items()]
    count = prod(map(len, choices))
    if count > MOST:
        problems.append(
            part.problem(["matrix"], f"the matrix makes {count} jobs: at most {MOST} are allowed")
        )
        return []
    return list(_variants(job, part, list(product(*choices)), problems))


def as_values(written: Mapping[str, object]) -> dict[str, str]:
    """The values of one job, as templates and the environment have them."""
    return {name: _text(value) for name, value in written.items()}


def ending(values: Mapping[str, str]) -> str:
    """What the values add to the id."""
    return "-".join(_safe(value) for value in values.values())


def _choices(values: Any) -> list[tuple[object, list[str | int]]]:
    """Each value with its path below its name."""
    return (
        [(each, [index]) for index, each in enumerate(values)] if isinstance(values, list) else [(values, [])]
    )


def _variants(
    job: str, part: Part, combinations: list[tuple[Any, ...]], problems: list[Problem]
) -> Iterator[Variant]:
    seen: dict[str, str] = {}
    for combination in combinations:
        values = {name: value for name, value, _ in combination}
        told = as_values(values)
        made = f"{job}-{ending(told)}"
        shown = ", ".join(told.values())
        if made in seen:
            message = f'the values {seen[made]} and {shown} both make the id "{made}"'
            problems.append(_at(part, combination, message, "ids keep lower-case letters and digits only"))
        elif len(made) > _LONGEST_ID:
            message = f'the id "{made}" has {len(made)} characters: at most {_LONGEST_ID} are allowed'
            problems.append(_at(part, combination, message, "shorten the values, or the file's name"))
        else:
            yield Variant(job=made, part=_with_values(part, values))
        seen.setdefault(made, shown)


def _at(part: Part, combination: tuple[Any, ...], message: str, hint: str) -> Problem:
    name, _, below = combination[-1]
    return part.problem(["matrix", name, *below], message, hint)


def _with_values(part: Part, values: dict[str, Any]) -> Part:
    data: Any = part.data
    chosen: dict[str, Data] = {**data, "matrix": values}
    part.places.add(chosen, part.places.of(data))
    part.places.add(values, part.places.of(data["matrix"]))
    return Part(data=chosen, places=part.places, prefix=part.prefix)


def _safe(value: str) -> str:
    return _NOT_OF_ID.sub("-", value.lower()).strip("-")


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
