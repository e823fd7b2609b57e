"""The form behind Run now: one field for each parameter of the job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rota.core.board import JobEntry
from rota.views.ids import job_element
from rota.views.job_row import run_action
from rota_catalog.tree import Node, clip

CHOICES = 100  # of a parameter with more, the value is typed
PATTERN = 500  # characters; a longer one is checked by the daemon alone

_WORDS = {"title": 200, "description": 1000}
_KEPT = ("minimum", "maximum", "maxLength", "pattern", "default")
_TYPES = ("string", "integer", "number", "boolean", "array", "object")


def run_form(entry: JobEntry) -> Node:
    """A form made from `params`."""
    spec = entry.spec
    fields = [_field(name, schema) for name, schema in list(spec.params.items())[:64]]
    count = f"{len(fields)} {'parameter' if len(fields) == 1 else 'parameters'}"
    return Node(
        type="RunForm",
        id=job_element(spec.id, "form"),
        props={"job": spec.id, "params": fields},
        actions=[run_action(entry)],
        text=f"Run {spec.name} with {count}",
    )


def _field(name: str, schema: Mapping[str, object]) -> Mapping[str, object]:
    field: dict[str, object] = {"name": name, "type": _type(schema)}
    field |= {member: schema[member] for member in _KEPT if member in schema and schema[member] is not None}
    field |= {
        member: clip(str(schema[member]), limit) for member, limit in _WORDS.items() if member in schema
    }
    if len(str(schema.get("pattern", ""))) > PATTERN:
        del field["pattern"]
    choices = schema.get("enum")
    if isinstance(choices, list) and _can_be_offered(choices):
        field["enum"] = choices
    if "default" not in schema:
        field["required"] = True
    return field


def _can_be_offered(choices: Sequence[object]) -> bool:
    # A part of them would hide values that the job takes, even its default: then any may be typed.
    return len(choices) <= CHOICES and all(isinstance(choice, str | int | float) for choice in choices)


def _type(schema: Mapping[str, object]) -> str:
    declared = schema.get("type")
    if isinstance(declared, list):
        declared = next((kind for kind in declared if kind != "null"), None)
    return declared if isinstance(declared, str) and declared in _TYPES else "string"
