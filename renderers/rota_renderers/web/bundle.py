"""The parts of the browser's files that are made from the catalog; a test holds the files against these."""

from __future__ import annotations

import json
from typing import Any

from rota_catalog.catalog import Catalog

_HEAD = "Made from the catalog by `python -m rota_renderers.web.bundle`; change it there."


def catalog_module(catalog: Catalog) -> str:
    """`assets/catalog.js`: looks of states, rules of actions."""
    looks = {name: _look(catalog, name) for name in catalog.states}
    rules = {name: _rule(catalog, name) for name in catalog.actions}
    lines = [
        f"// {_HEAD}",
        "",
        f"export const CATALOG = {_json({'id': catalog.id, 'version': catalog.version})};",
        "",
        f"export const STATES = {_json(looks)};",
        "",
        f"export const ACTIONS = {_json(rules)};",
        "",
    ]
    return "\n".join(lines)


def tokens_sheet(catalog: Catalog) -> str:
    """`assets/tokens.css`: surfaces and the five tones in both themes."""
    light, dark = _colours(catalog, "light"), _colours(catalog, "dark")
    return "\n".join(
        [
            f"/* {_HEAD} */",
            "",
            *_rule_set(":root", light),
            "",
            "@media (prefers-color-scheme: dark) {",
            *(f"  {line}" for line in _rule_set(':root:not([data-theme="light"])', dark)),
            "}",
            "",
            *_rule_set(':root[data-theme="dark"]', dark),
            "",
        ]
    )


def write() -> None:
    """Bring both files up to date."""
    from rota_catalog.catalog import load
    from rota_renderers.web import ASSETS

    (ASSETS / "catalog.js").write_text(catalog_module(load()), encoding="utf-8")
    (ASSETS / "tokens.css").write_text(tokens_sheet(load()), encoding="utf-8")


def _look(catalog: Catalog, name: str) -> dict[str, Any]:
    look = catalog.states[name]
    return {"tone": look.tone, "word": look.word, "icon": look.icon, "filled": look.filled}


def _rule(catalog: Catalog, name: str) -> dict[str, Any]:
    rule = catalog.actions[name]
    return {
        "title": rule.title,
        "danger": rule.danger,
        "confirm": rule.confirm,
        "disabled": dict(rule.disabled),
        "method": rule.method,
        "path": rule.path,
        "body": list(rule.body),
        "form": rule.form_path,
        "cli": rule.cli,
    }


def _colours(catalog: Catalog, theme: str) -> dict[str, str]:
    surfaces = {f"--{name}": colours[theme] for name, colours in catalog.surfaces.items()}
    return {**surfaces, **{f"--tone-{name}": colours[theme] for name, colours in catalog.tones.items()}}


def _rule_set(selector: str, colours: dict[str, str]) -> list[str]:
    return [f"{selector} {{", *(f"  {name}: {colour};" for name, colour in colours.items()), "}"]


def _json(value: object) -> str:
    return json.dumps(value, indent=0, ensure_ascii=False)  # lines for diffs; no more bytes than that


if __name__ == "__main__":
    write()
