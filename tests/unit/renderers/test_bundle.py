"""The browser's files that are made from the catalog are up to date, and every component has its twin."""

from __future__ import annotations

from pathlib import Path

from rota_catalog.catalog import load
from rota_renderers import html
from rota_renderers.web import ASSETS, bundle

TEMPLATES = Path(html.__file__).parent / "templates"


def test_the_browser_knows_the_states_and_actions_of_the_catalog() -> None:
    assert (ASSETS / "catalog.js").read_text(encoding="utf-8") == bundle.catalog_module(load())


def test_the_colours_are_those_of_the_catalog() -> None:
    assert (ASSETS / "tokens.css").read_text(encoding="utf-8") == bundle.tokens_sheet(load())


def test_every_component_has_a_template_and_a_module_and_nothing_else_has() -> None:
    names = {*load().components, "Box"}

    assert {file.stem for file in TEMPLATES.glob("[A-Z]*.html")} - {"Broken"} == names
    assert {file.stem for file in (ASSETS / "components").glob("[A-Z]*.js")} == names


def test_nothing_in_the_browsers_files_is_styled_or_run_inline() -> None:
    for file in [*TEMPLATES.glob("*.html"), *ASSETS.rglob("*.js")]:
        text = file.read_text(encoding="utf-8")
        for forbidden in (" style=", ".style.", "innerHTML", "insertAdjacentHTML", "eval("):
            assert forbidden not in text, f"{file.name} has {forbidden}"
        assert "|safe" not in text.replace(" ", "")
