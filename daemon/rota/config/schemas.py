"""The published JSON Schemas of job files and of `rota.yaml`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

SchemaName = Literal["job", "config"]

PUBLISHED = ("job", "defaults", "config")

_FOLDER = Path(__file__).parent / "schema"


def text(name: SchemaName) -> str:
    """The schema as it is published, with its comments of layout kept."""
    return (_FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")


@cache
def load(name: SchemaName) -> dict[str, Any]:
    """The schema as data. Shared: nobody changes it."""
    loaded: dict[str, Any] = json.loads(text(name))
    return loaded


@cache
def published(name: str) -> dict[str, Any]:
    """One of PUBLISHED as it stands alone: `job`, `defaults` (of `_defaults.yaml`) or `config`."""
    if name != "defaults":
        return load("job" if name == "job" else "config")
    job = load("job")
    return {
        "$schema": job["$schema"],
        "$id": job["$id"].replace(":job:", ":defaults:"),
        "title": "a _defaults.yaml file of rota",
        "description": "What holds for every job of this folder and below.",
        "$ref": "#/$defs/defaults",
        "$defs": job["$defs"],
    }


def version(name: str) -> str:
    """Such as `1.0`: within 1.x whatever was valid stays valid and means the same."""
    return str(published(name)["$id"]).rpartition(":")[2]


def catalog(base: str) -> dict[str, Any]:
    """A catalog in the form of SchemaStore: which files which schema is for. `base` is a daemon's address."""
    entries = []
    for name in PUBLISHED:
        title, description, matches = _CATALOGUED[name]
        url = f"{base.rstrip('/')}/schemas/{name}"
        entries.append(
            {
                "name": title,
                "description": description,
                "fileMatch": list(matches),
                "url": url,
                "versions": {version(name): url},
            }
        )
    return {"$schema": "https://json.schemastore.org/schema-catalog.json", "version": 1, "schemas": entries}


_CATALOGUED = {
    "job": (
        "rota job",
        "A job of the rota scheduler",
        ("**/jobs.d/**/*.yaml", "**/jobs.d/**/*.yml", "!**/_defaults.yaml", "!**/_defaults.yml"),
    ),
    "defaults": (
        "rota job defaults",
        "What holds for all jobs of a folder",
        ("**/jobs.d/**/_defaults.yaml", "**/jobs.d/**/_defaults.yml"),
    ),
    "config": ("rota.yaml", "The configuration of the rota daemon", ("**/rota.yaml", "**/rota.yml")),
}
