"""The document about the catalog, made from its files.

`python -m rota_renderers.reference > docs/components.md` writes it anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files

from rota_catalog.catalog import ActionRule, Catalog, Component, Schema, load, types

_HEAD = """\
# The components of a render tree

Made from the catalog by `python -m rota_renderers.reference > docs/components.md`; change it there.

A tree is a flat map from id to element, and every element is of one of these types.
`rota schema tree` prints the JSON Schema of a tree, \
`rota schema component JobRow` and `rota schema action job.run` those of one entry.
How trees travel is told in [protocol.md](protocol.md).

An element has `type` and `props`; `text`, in plain words of at most 280 characters, \
unless it only arranges others; and, where its component has them, `children`, `slots` and `actions`.
An element that does not fit is shown as a marked box with its `text`, and the rest of the page stays.
"""
_PIPE = "\\|"
_PACKAGE = files("rota_renderers")
_PLACES = {
    "html": ("html/templates", ".html", "HTML without script"),
    "web": ("web/assets/components", ".js", "Browser"),
    "terminal": ("terminal/components", ".py", "Terminal"),
}


def reference(catalog: Catalog) -> str:
    """The whole document, in Markdown."""
    parts = [
        _HEAD.rstrip(),
        "## Which renderer shows what",
        _table(
            ("Component", *(words for _, _, words in _PLACES.values()), "Examples"),
            (_status(component) for component in catalog.components.values()),
        ),
        "\n".join(line for component in catalog.components.values() for line in _differences(component)),
        "## Components",
        *(part for component in catalog.components.values() for part in _component(component)),
        "## Types",
        _table(("Type", "Is", "Meaning"), map(_shared, types().items())),
        "## Actions",
        "An element names an action and its arguments; the catalog says where they go and what is asked.",
        _table(
            ("Action", "Says", "Arguments", "Request", "Command", "Asks first"),
            (_action(rule) for rule in catalog.actions.values()),
        ),
        "## States",
        _table(
            ("State", "Word", "Tone", "Glyph", "ASCII"),
            (
                (f"`{name}`", look.word, look.tone, f"`{look.glyph}`", f"`{look.ascii}`")
                for name, look in catalog.states.items()
            ),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def shown_by(name: str) -> Mapping[str, bool]:
    """Renderers, and whether each has this component."""
    return {
        renderer: (_PACKAGE / folder / f"{name}{ending}").is_file()
        for renderer, (folder, ending, _) in _PLACES.items()
    }


def _status(component: Component) -> Iterator[str]:
    yield f"[{component.name}](#{component.name.lower()})"
    for renderer, is_there in shown_by(component.name).items():
        shown = "in part" if renderer in component.differs else "yes"
        yield shown if is_there else "no"
    yield str(len(component.examples))


def _differences(component: Component) -> Iterator[str]:
    for renderer, difference in component.differs.items():
        lines = [
            line if type_ == component.name else f"{line} of {type_}"
            for type_, lines in difference["without"].items()
            for line in lines
        ]
        words = _PLACES[renderer][2]
        yield f"- {words}, {component.name}: without {', '.join(lines)}; {difference['why']}."


def _component(component: Component) -> Iterator[str]:
    yield f"### {component.name}"
    yield "\n".join([component.summary, *_holds(component)])
    yield _table(("Prop", "Type", "Meaning"), _props(_written(component.name), ""))


def _holds(component: Component) -> Iterator[str]:
    if component.children != "none":
        yield f"Children: {_kinds(component.children)}."
    for name, kinds in component.slots.items():
        yield f"Slot `{name}`: {_kinds(kinds)}."
    if component.actions:
        yield "Actions: " + ("any." if "*" in component.actions else f"`{'`, `'.join(component.actions)}`.")


def _kinds(kinds: str | tuple[str, ...]) -> str:
    return "any" if isinstance(kinds, str) else ", ".join(kinds)


def _props(schema: Schema, before: str) -> Iterator[tuple[str, str, str]]:
    """One row a prop, those of objects and of items of lists below it; a question mark: may be missing."""
    for name, prop in schema["properties"].items():
        optional = "" if name in schema.get("required", ()) else "?"
        yield f"`{before}{name}{optional}`", _type(prop), _meaning(prop)
        inner, path = (prop["items"], f"{name}[].") if "items" in prop else (prop, f"{name}.")
        if "properties" in inner:
            yield from _props(inner, before + path)


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "items" in schema:
        return f"list of {_type(schema['items'])}, at most {schema['maxItems']}"
    kinds = schema.get("type", "any")
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def _meaning(schema: Schema) -> str:
    told = str(schema.get("description", ""))
    default = f"`{str(schema['default']).lower()}` when missing" if "default" in schema else ""
    return "; ".join(part for part in (told, default) if part)


def _shared(named: tuple[str, Schema]) -> tuple[str, str, str]:
    name, schema = named
    return name, _type(schema), _meaning(schema)


def _written(name: str) -> Schema:
    """The schema of the props as it stands in the file, where shared types still have their names."""
    entry = files("rota_catalog") / "components" / f"{name}.json"
    props: Schema = json.loads(entry.read_text(encoding="utf-8"))["props"]
    return props


def _action(rule: ActionRule) -> Iterator[str]:
    yield f"`{rule.name}`"
    yield rule.title
    yield ", ".join(f"`{name}`" for name in rule.args["properties"])
    yield f"`{rule.method} {rule.path}`"
    yield f"`{rule.cli}`"
    yield "yes" if rule.confirm else "no"


def _table(heads: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', _PIPE) for cell in line)} |" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(reference(load()))
