"""Whether the names in `{{ … }}` exist, found out when the file is read and not when the job runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rota.config import near, needs
from rota.config.part import Part
from rota.core.errors import JobError
from rota.core.problems import Problem
from rota.core.templates import builtins, is_expression, names

Raw = Mapping[str, Any]
Way = tuple[str | int, ...]

# The members of the roots that are the same for every job; `core.values.template_values` gives them values.
MEMBERS: Mapping[str, tuple[str, ...]] = {
    "run": ("id", "job", "number", "attempt"),
    "host": ("name",),
    "rota": ("url",),
}


def check_templates(
    data: Raw, part: Part, problems: list[Problem], *, unknown: Collection[object] = ()
) -> None:
    """Syntax and names of every template of a job that fits the schema.

    `unknown` are blocks that can't be read: what they hold is right.
    """
    steps = [step["id"] for step in data.get("steps", [])]
    params, matrix = data.get("params", {}), data.get("matrix", {})
    job = _Names(params=params, matrix=matrix, unknown=unknown, steps=steps, ended=steps)
    for way, text in _templates(data, ()):
        problems.extend(_wrong(part, way, text, job))
    for way, text, known in _of_batch(data.get("batch", {}), job):
        problems.extend(_wrong(part, way, text, known))
    before = needs.earlier(data.get("steps", []))
    in_graph = needs.is_graph(data.get("steps", []))
    for index, step in enumerate(data.get("steps", [])):
        beside = [each for each, above in zip(steps, before, strict=True) if step["id"] not in (each, *above)]
        known = replace(job, ended=before[index], beside=beside if in_graph else ())
        for way, text in _texts(step.get("if"), ("steps", index, "if")):
            problems.extend(_wrong_expression(part, way, text, replace(known, states=True)))
        for way, text in _templates(step, ("steps", index)):
            problems.extend(_wrong(part, way, text, known))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """What templates of one place may name; of the steps only those that have `ended` there."""

    params: Collection[str]
    matrix: Collection[str]
    unknown: Collection[object]
    steps: Sequence[str] = field(default=())
    ended: Collection[str] = field(default=())
    beside: Collection[str] = field(default=())  # steps of a graph that could be needed there
    states: bool = False  # whether steps have a `state` there, too
    items: int = 0  # how many a child has there at most

    def complaint(self, chain: Sequence[str]) -> tuple[str, str | None] | None:
        """What is wrong with a name such as `params.database`, and what to write instead."""
        root, *rest = chain
        if root in self.unknown:
            return None
        if root == "secrets":
            return "no template holds a secret", "it is a variable of the process: $NAME in shell text"
        if root in ("item", "items") and self.items:
            several = root == "item" and self.items > 1
            return ("a child has several items, since `chunk` is over 1", "write items") if several else None
        if root in _ROOTS:
            return _ROOTS[root](self, rest)
        if root in builtins():
            return None
        return f'nothing is called "{root}" here', near.word(root, _ROOTS) or f"known: {', '.join(_ROOTS)}"

    def of_params(self, rest: Sequence[str]) -> tuple[str, str | None] | None:
        if not rest or rest[0] in self.params:
            return None
        hint = near.word(rest[0], self.params) or f"declare it: params: {{{rest[0]}: {{type: string}}}}"
        return f'the job has no parameter "{rest[0]}"', hint

    def of_matrix(self, rest: Sequence[str]) -> tuple[str, str | None] | None:
        if not rest or rest[0] in self.matrix:
            return None
        hint = near.word(rest[0], self.matrix)
        return f'the matrix of the job has no "{rest[0]}"' if self.matrix else "the job has no `matrix`", hint

    def of_steps(self, rest: Sequence[str]) -> tuple[str, str | None] | None:
        if not rest:
            return None
        if rest[0] not in self.steps:
            return f'the job has no step "{rest[0]}"', near.word(rest[0], self.steps)
        if rest[0] not in self.ended:
            hint = f"add it to `needs`: [{rest[0]}]" if rest[0] in self.beside else "name an earlier step"
            return f'the step "{rest[0]}" has no outputs yet when this is needed', hint
        if rest[1:2] == ["state"] and self.states:
            return None
        if rest[1:] and rest[1] != "outputs":
            hint = f'did you mean "steps.{rest[0]}.outputs.{rest[1]}"?'
            return f'a step has `outputs` and no "{rest[1]}"', hint
        return None


def _of_rota(root: str) -> Callable[[_Names, Sequence[str]], tuple[str, str | None] | None]:
    members = MEMBERS[root]

    def complaint(_: _Names, rest: Sequence[str]) -> tuple[str, str | None] | None:
        if not rest or rest[0] in members:
            return None
        hint = near.word(rest[0], members) or f"known: {', '.join(f'{root}.{each}' for each in members)}"
        return f'`{root}` has no "{rest[0]}"', hint

    return complaint


_ROOTS: Mapping[str, Callable[[_Names, Sequence[str]], tuple[str, str | None] | None]] = {
    "params": _Names.of_params,
    "steps": _Names.of_steps,
    "matrix": _Names.of_matrix,
    **{root: _of_rota(root) for root in MEMBERS},
}


def _wrong(part: Part, way: Way, text: str, known: _Names) -> Iterator[Problem]:
    try:
        chains = names(text)
    except JobError as error:
        message = f"the template can't be read: {error.message}"
        yield part.problem(way, message, "templates are Jinja2 expressions").of_rule("template")
        return
    for chain in chains:
        complaint = known.complaint(chain)
        if complaint is not None:
            message = f"in the template `{'.'.join(chain)}`: {complaint[0]}"
            yield part.problem(way, message, complaint[1]).of_rule("template")


def _wrong_expression(part: Part, way: Way, text: str, known: _Names) -> Iterator[Problem]:
    found = list(_wrong(part, way, text, known))
    if not found and not is_expression(text.strip()):
        message = "`if` takes one expression and nothing beside it"
        found.append(part.problem(way, message, 'such as "{{ a and b }}"').of_rule("template"))
    yield from found


def _templates(raw: Raw, way: Way) -> Iterator[tuple[Way, str]]:
    """Every text with `{{` where templates are filled in, of a job or a step."""
    for key in ("exec", "http", "env"):
        if key in raw:
            yield from _texts(raw[key], (*way, key))
    if "python" in raw:
        yield from _texts(raw["python"].get("args"), (*way, "python", "args"))
    if "condition" in raw:
        yield from _of_command(raw["condition"], (*way, "condition"), ("exec", "exists"))
    if "check" in raw:
        yield from _of_check(raw["check"], (*way, "check"))


def _of_batch(raw: Raw, job: _Names) -> Iterator[tuple[Way, str, _Names]]:
    of_child = replace(job, items=int(raw.get("chunk", 1)))
    for way, text in _templates(raw, ("batch",)):
        yield way, text, of_child
    for way, text in _of_command(raw.get("items_from", {}), ("batch", "items_from"), ("exec",)):
        yield way, text, job


def _of_check(raw: Raw, way: Way) -> Iterator[tuple[Way, str]]:
    yield from _texts(raw.get("http"), (*way, "http"))
    yield from _of_command(raw.get("command", {}), (*way, "command"), ("exec",))
    for index, each in enumerate(raw.get("checks", ())):
        yield from _of_check(each, (*way, "checks", index))


def _of_command(raw: Raw, way: Way, keys: Sequence[str]) -> Iterator[tuple[Way, str]]:
    for key in keys:
        yield from _texts(raw.get(key), (*way, key))


def _texts(value: Any, way: Way) -> Iterator[tuple[Way, str]]:
    if isinstance(value, str):
        if "{{" in value:
            yield way, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, (*way, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, (*way, index))
