"""`rota schema`: the published JSON Schemas."""

from __future__ import annotations

import json
from typing import Any

import click

from rota.cli.failure import CouldNotAsk

WHOLE = ("job", "defaults", "config", "tree", "catalog")
PARTS = ("component", "action")


@click.command()
@click.argument("what", type=click.Choice([*WHOLE, *PARTS]), default="job")
@click.argument("name", required=False)
@click.option(
    "--url",
    default="http://127.0.0.1:8321",
    show_default=True,
    help="With catalog: the daemon that serves the schemas.",
)
@click.option(
    "--json", is_flag=True, expose_value=False, help="Accepted everywhere; schemas are JSON anyway."
)
def schema(what: str, name: str | None, url: str) -> None:
    """The JSON Schema of job files, of _defaults.yaml, of rota.yaml, of render trees, or of one component or
    action in a tree.

    Each stands alone: nothing in it refers to another file. `catalog` tells editors which files they are for.

    For an editor: # yaml-language-server: $schema=FILE on the first line of a job file.
    """
    if what in PARTS and name is None:
        raise click.UsageError(f"name one: {', '.join(_names(what))}")
    if what in WHOLE and name is not None:
        raise click.UsageError(f"{what} takes no name")
    click.echo(_text(what, name, url).rstrip("\n"))


def _text(what: str, name: str | None, url: str) -> str:
    from rota.config import schemas

    if what in ("job", "config"):
        return schemas.text("job" if what == "job" else "config")
    if what in ("defaults", "catalog"):
        found = schemas.catalog(url) if what == "catalog" else schemas.published(what)
        return json.dumps(found, indent=2, ensure_ascii=False)
    if name is None:
        return _file("schema", what)
    if name not in _names(what):
        raise CouldNotAsk(f"there is no {what} {name}; there is: {', '.join(_names(what))}")
    return json.dumps(_part(what, name), indent=2, ensure_ascii=False)


def _part(what: str, name: str) -> Any:
    from rota_catalog.catalog import load
    from rota_catalog.published import action_schema, component_schema

    if what == "component":
        return component_schema(load().components[name])
    return action_schema(load().actions[name])


def _names(what: str) -> list[str]:
    from importlib.resources import files

    folder = files("rota_catalog") / f"{what}s"
    return sorted(
        entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json")
    )


def _file(folder: str, name: str) -> str:
    from importlib.resources import files

    return (files("rota_catalog") / folder / f"{name}.json").read_text(encoding="utf-8")
