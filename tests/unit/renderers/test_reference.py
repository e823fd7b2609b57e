"""The document about the catalog says what is there, and every renderer has every component."""

from __future__ import annotations

from pathlib import Path

from rota_catalog.catalog import load
from rota_renderers.reference import reference, shown_by

DOCUMENT = Path(__file__).parents[3] / "docs" / "components.md"


def test_the_document_is_the_one_made_from_the_catalog() -> None:
    # After a change of the catalog: `python -m rota_renderers.reference > docs/components.md`
    assert DOCUMENT.read_text(encoding="utf-8") == reference(load())


def test_every_component_has_all_three_renderers_an_example_and_a_refused_case() -> None:
    for component in load().components.values():
        assert all(shown_by(component.name).values()), component.name
        assert component.examples, component.name
        assert component.invalid, component.name


def test_what_no_renderer_has_is_told() -> None:
    assert shown_by("Hologram") == {"html": False, "web": False, "terminal": False}


def test_every_prop_is_in_the_document_with_its_named_type() -> None:
    text = reference(load())

    assert "| `items[].at` | instant |" in text
    assert "| `total?` | count |" in text
    for component in load().components.values():
        part = text.split(f"\n### {component.name}\n")[1].split("\n##")[0]
        assert component.summary in part
        for prop in component.props["properties"]:
            assert f"| `{prop}` |" in part or f"| `{prop}?` |" in part, f"{component.name}.{prop}"
