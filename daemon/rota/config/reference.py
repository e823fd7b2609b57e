"""The tables of `docs/job-files.md`, made from the schemas.

`python -m rota.config.reference docs/job-files.md` writes them anew between their marks.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rota.config.schemas import SchemaName, load

_MARKED = re.compile(r"(<!-- keys: (\w+) (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rewritten(text: str) -> str:
    """The document with every marked table made from the schema as it is now."""
    return _MARKED.sub(lambda found: f"{found[1]}{table(found[2], found[3])}{found[4]}", text)


def table(schema: str, definition: str) -> str:
    """One table: a row for each key of that definition; `top` names the schema itself."""
    name: SchemaName = "config" if schema == "config" else "job"
    root = load(name)
    properties = (root if definition == "top" else root["$defs"][definition])["properties"]
    rows = [_row(key, _resolved(found, root)) for key, found in properties.items()]
    return "\n".join(["| key | takes | default | meaning |", "|---|---|---|---|", *rows, ""])


def tables(text: str) -> Iterator[tuple[str, str]]:
    """Which tables a document has, as schema and definition."""
    return ((found[2], found[3]) for found in _MARKED.finditer(text))


def _row(key: str, schema: dict[str, Any]) -> str:
    default = f"`{_written(schema['default'])}`" if schema.get("default") not in (None, "", [], {}) else ""
    cells = [f"`{key}`", _escaped(schema["title"]), _escaped(default), _escaped(schema["description"])]
    return f"| {' | '.join(cells)} |"


def _written(value: object) -> str:
    """A value as one would write it in YAML, in one line."""
    text = json.dumps(value)
    return re.sub(r'"([\w%./:-]+)"', r"\1", text)


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    return {**_resolved(root["$defs"][schema["$ref"].rpartition("/")[2]], root), **schema}


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(rewritten(path.read_text()))
