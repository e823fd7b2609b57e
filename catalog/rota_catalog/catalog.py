"""The catalog as the program sees it: read once from its files, references put in place, validators built."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import quote

from jsonschema import Draft202012Validator, FormatChecker

Schema = Mapping[str, Any]

BUILT_IN = ("Invalid", "Unsupported")  # what stands in for an element that can't be shown as it is

_REFERENCE = "types.json#/$defs/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One kind of element: what it takes and what it may hold."""

    name: str
    summary: str
    layout: bool  # only arranges its children: needs no `text`
    children: Literal["none", "any"] | tuple[str, ...]  # types of its children
    slots: Mapping[str, Literal["any"] | tuple[str, ...]]
    actions: tuple[str, ...]  # names, or "*" for any
    public: bool  # may be declared by a job
    props: Schema  # references put in place
    validator: Draft202012Validator = field(repr=False)
    differs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # renderer to {without, why}
    examples: tuple[Mapping[str, Any], ...] = ()
    invalid: tuple[Mapping[str, Any], ...] = ()

    def takes_action(self, name: str) -> bool:
        return "*" in self.actions or name in self.actions

    def leaves_out(self, renderer: str, type_: str) -> Sequence[str]:
        """What elements of a type lack when this renderer shows them in this one: roles, or role and name."""
        lines: Sequence[str] = self.differs.get(renderer, {}).get("without", {}).get(type_, ())
        return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRule:
    """What an action of a tree means: its route, its form for pages without script, its danger."""

    name: str
    title: str
    danger: Literal["low", "medium", "high"]
    permission: str
    confirm: Mapping[str, Any] | None
    expect: tuple[str, ...]
    disabled: Mapping[str, str]  # reason key to words
    method: str
    path: str
    body: tuple[str, ...]
    form_path: str
    cli: str
    args: Schema
    validator: Draft202012Validator = field(repr=False)

    def form_action(self, args: Mapping[str, Any]) -> str:
        """Where the form of a page without script is posted."""
        return _fill(self.form_path, args)

    def api_path(self, args: Mapping[str, Any]) -> str:
        return _fill(self.path, args)

    def command(self, args: Mapping[str, Any]) -> str:
        """The same at the command line."""
        return self.cli.format_map({name: str(value) for name, value in args.items()})

    def reason(self, key: str) -> str:
        """The words for a `disabled` key; an unknown key is shown as it is."""
        return self.disabled.get(key, key.replace("_", " "))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a state is shown: word, shape (a path in a 16 by 16 field), glyph, ASCII letter, tone."""

    tone: str
    word: str
    glyph: str
    ascii: str
    icon: str
    filled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    id: str
    version: str
    components: Mapping[str, Component]
    actions: Mapping[str, ActionRule]
    states: Mapping[str, Look]
    tones: Mapping[str, Mapping[str, str]]  # tone to {light, dark, terminal}
    surfaces: Mapping[str, Mapping[str, str]]  # what stands behind and around, to {light, dark}

    def look(self, state: str) -> Look:
        """The look of a state. An unknown state looks like `unknown` and keeps its own word."""
        known = self.states.get(state)
        if known is not None:
            return known
        unknown = self.states["unknown"]
        return Look(
            tone=unknown.tone, word=state, glyph=unknown.glyph, ascii=unknown.ascii, icon=unknown.icon
        )


@cache
def load() -> Catalog:
    """The catalog that ships with the package. Built once; schemas are checked while it is built."""
    tokens = _read(_folder() / "tokens.json")
    return Catalog(
        id=tokens["catalog"]["id"],
        version=tokens["catalog"]["version"],
        components=MappingProxyType({c.name: c for c in map(_component, _all("components"))}),
        actions=MappingProxyType({a.name: a for a in map(_action, _all("actions"))}),
        states=MappingProxyType({name: Look(**look) for name, look in tokens["states"].items()}),
        tones=MappingProxyType(tokens["tones"]),
        surfaces=MappingProxyType(tokens["surfaces"]),
    )


@cache
def types() -> Mapping[str, Schema]:
    """The named schemas that props are made of."""
    defs: Mapping[str, Schema] = _read(_folder() / "schema" / "types.json")["$defs"]
    return defs


def inlined(schema: Any) -> Any:
    """The schema with every reference to `types.json` replaced by what it names. Raises KeyError."""
    if isinstance(schema, list):
        return [inlined(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: inlined(value) for key, value in schema.items() if key != "$ref"}
    reference = schema.get("$ref", "")
    if reference.startswith(_REFERENCE):
        return {**types()[reference.removeprefix(_REFERENCE)], **rest}
    return {**rest, "$ref": reference} if reference else rest


def is_path(value: object) -> bool:
    """Whether it leads to a place on this site: one slash first, nothing a browser would rewrite."""
    if not isinstance(value, str):
        return True  # other types are the business of `type`
    return (
        value.startswith("/")
        and not value.startswith("//")
        and all("!" <= c <= "~" and c != "\\" for c in value)
    )


def _component(raw: Mapping[str, Any]) -> Component:
    props = inlined(raw["props"])
    return Component(
        name=raw["name"],
        summary=raw["summary"],
        layout=raw["layout"],
        children=_allowed(raw["children"]),
        slots={name: _allowed(types) for name, types in raw["slots"].items()},
        actions=tuple(raw["actions"]),
        public=raw["public"],
        props=props,
        validator=_validator(props),
        differs=MappingProxyType(raw.get("differs", {})),
        examples=tuple(raw["examples"]),
        invalid=tuple(raw["invalid"]),
    )


def _action(raw: Mapping[str, Any]) -> ActionRule:
    args = inlined(raw["args"])
    plain = ("name", "title", "danger", "permission", "confirm", "disabled", "method", "path", "cli")
    return ActionRule(
        **{name: raw[name] for name in plain},
        expect=tuple(raw["expect"]),
        body=tuple(raw["body"]),
        form_path=raw["form"]["path"],
        args=args,
        validator=_validator(args),
    )


def _allowed(types: Any) -> Any:
    return tuple(types) if isinstance(types, list) else types


def _validator(schema: Schema) -> Draft202012Validator:
    Draft202012Validator.check_schema(schema)
    checker = FormatChecker(formats=())
    checker.checks("path")(is_path)
    return Draft202012Validator(schema, format_checker=checker)


def _fill(template: str, args: Mapping[str, Any]) -> str:
    return template.format_map({name: quote(str(value), safe="") for name, value in args.items()})


def _all(kind: str) -> list[Any]:
    entries = [entry for entry in (_folder() / kind).iterdir() if entry.name.endswith(".json")]
    return [_read(entry) for entry in sorted(entries, key=lambda entry: entry.name)]


def _read(file: Traversable) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _folder() -> Traversable:
    return files("rota_catalog")
