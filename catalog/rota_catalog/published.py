"""Schemas for readers outside: each stands alone, with everything it names in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rota_catalog.catalog import ActionRule, Component, Schema
from rota_catalog.check import MAX_ACTIONS, MAX_TEXT

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ID = {"type": "string", "maxLength": 160, "pattern": r"^[a-z][a-z0-9_-]{0,63}(\.[a-z0-9_-]{1,64})*$"}


def component_schema(component: Component) -> Schema:
    """The schema of one element of this type, as it stands in a tree."""
    required = ["type", "props"] if component.layout else ["type", "props", "text"]
    return {
        "$schema": _DIALECT,
        "title": component.name,
        "description": component.summary,
        **_object(_members(component), required=required),
    }


def action_schema(rule: ActionRule) -> Schema:
    """The schema of a reference to this action, as it stands in an element."""
    return {
        "$schema": _DIALECT,
        "title": rule.name,
        "description": f"{rule.title}: {rule.method} {rule.path}",
        **_reference({"const": rule.name}, _bare(rule.args), disabled=list(rule.disabled)),
    }


def _members(component: Component) -> dict[str, Any]:
    members: dict[str, Any] = {
        "type": {"const": component.name},
        "props": _bare(component.props),
        "text": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_TEXT,
            "description": "What it says, for where it can't be shown",
        },
    }
    if component.children != "none":
        members["children"] = _ids(component.children)
    if component.slots:
        members["slots"] = _object({name: _ids(types) for name, types in component.slots.items()})
    if component.actions:
        do = {"type": "string"} if "*" in component.actions else {"enum": list(component.actions)}
        items = _reference(do, {"type": "object"})
        members["actions"] = {"type": "array", "maxItems": MAX_ACTIONS, "items": items}
    return members


def _reference(do: Schema, args: Schema, *, disabled: list[str] | None = None) -> dict[str, Any]:
    reason = "Why it can't be used now" + (f": {', '.join(disabled)}" if disabled else "")
    members = {
        "do": do,
        "label": {"type": "string", "minLength": 1, "maxLength": 40},
        "args": args,
        "expect": {"type": "object", "description": "What the reader saw; refused when it has changed"},
        "disabled": {"type": "string", "description": reason},
    }
    return _object(members, required=["do", "label", "args"])


def _ids(types: str | tuple[str, ...]) -> dict[str, Any]:
    told = "any element" if isinstance(types, str) else " or ".join(types)
    return {"type": "array", "items": _ID, "uniqueItems": True, "description": f"Ids, each of {told}"}


def _object(properties: Mapping[str, Any], *, required: list[str] | None = None) -> dict[str, Any]:
    needed = {"required": required} if required else {}
    return {"type": "object", **needed, "properties": dict(properties), "additionalProperties": False}


def _bare(schema: Schema) -> dict[str, Any]:
    """A schema to stand inside another, which names the dialect already."""
    return {name: value for name, value in schema.items() if name != "$schema"}
