"""The published JSON Schemas of job files and of `rota.yaml`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

SchemaName = Literal["job", "config"]

_FOLDER = Path(__file__).parent / "schema"


def text(name: SchemaName) -> str:
    """The schema as it is published, with its comments of layout kept."""
    return (_FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")


@cache
def load(name: SchemaName) -> dict[str, Any]:
    """The schema as data. Shared: nobody changes it."""
    loaded: dict[str, Any] = json.loads(text(name))
    return loaded
