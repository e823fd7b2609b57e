"""A job's definition as people write it: keys in the order of the schema, texts of many lines as blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

Schema = Mapping[str, Any]

WIDTH = 100  # of a folded line
SHORT = 60  # characters of a list that stands on one line

# Parameters are JSON Schemas, whose keywords the schema of job files does not name.
_OF_A_PARAMETER = ("title", "description", "type", "enum", "minimum", "maximum", "pattern", "default")
_CHOICES = ("allOf", "oneOf", "anyOf")


def as_yaml(canonical: str, schema: Schema) -> str:
    """The canonical text (JSON) as YAML; a text that is no JSON stays as it is.

    `schema` is the one of job files. Keys that it does not name, such as those of `env`, keep their order.
    """
    try:
        value = json.loads(canonical)
    except ValueError:
        return canonical
    job = schema.get("$defs", {}).get("job", schema)
    ordered = _ordered(value, job, schema)
    return yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


def _ordered(value: Any, schema: Schema, root: Schema) -> Any:
    if isinstance(value, list):
        item: Schema = next((one["items"] for one in _meant(schema, root) if "items" in one), {})
        return [_ordered(one, item, root) for one in value]
    if not isinstance(value, dict):
        return value
    known: dict[str, Schema] = {}
    for one in _meant(schema, root):
        known |= {name: inner for name, inner in one.get("properties", {}).items() if name not in known}
    others = _others(schema, root)
    named = [*known, *(name for name in _OF_A_PARAMETER if name not in known)]
    names = [name for name in named if name in value] + [name for name in value if name not in named]
    return {name: _ordered(value[name], known.get(name, others), root) for name in names}


def _meant(schema: Schema, root: Schema) -> Iterator[Schema]:
    """The schema and all that it refers to or offers as a choice."""
    yield schema
    name = schema.get("$ref", "").removeprefix("#/$defs/")
    if name in root.get("$defs", {}):
        yield from _meant(root["$defs"][name], root)
    for choice in _CHOICES:
        for one in schema.get(choice, ()):
            yield from _meant(one, root)


def _others(schema: Schema, root: Schema) -> Schema:
    """What holds for keys that people name."""
    found = (one.get("additionalProperties") for one in _meant(schema, root))
    return next((one for one in found if isinstance(one, dict)), {})


class _Dumper(yaml.SafeDumper):
    """Lists stand in from their key; texts of many lines are literal blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    is_short = all(isinstance(item, str | int | float) for item in items) and len(str(items)) <= SHORT
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=is_short)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
