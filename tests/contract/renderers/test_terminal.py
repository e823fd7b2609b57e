from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from conformance.attacks import HOSTILE as SHARED_ATTACKS
from conformance.attacks import Broken, degradations, hostile_trees
from contract.renderers.printed import flat, printed, printed_page, tree_of
from rota_catalog import catalog
from rota_renderers.terminal.components import COMPONENTS

GOLDEN = Path(__file__).parents[2] / "data" / "terminal"
CATALOG = catalog.load()
EXAMPLES = [(c.name, example) for c in CATALOG.components.values() for example in c.examples]
WIDTHS = (40, 80, 120)
PAGES = ("overview", "job", "run")
HOSTILE = (
    "[bold red]markup[/bold red] [link=https://evil.example]x[/link]",
    "\x1b[2J\x1b]0;title\x07\x1b[31mred",
    "\x9b31mC1 \x00\x08\x7f",
    "\u202eturned around\u202c",
    "a\r\nb\u2028c",
    "</script><script>alert(1)</script>",
    "w" * 8000,
    "lone \ud800 surrogate",
    ":boom: 100%",
)

each_example = pytest.mark.parametrize(
    ("component", "example"), EXAMPLES, ids=[f"{name}: {example['name']}" for name, example in EXAMPLES]
)


def test_every_component_of_the_catalog_has_its_twin() -> None:
    assert set(COMPONENTS) == set(CATALOG.components) | {"Invalid", "Unsupported"}


@each_example
def test_every_fact_can_be_read(component: str, example: Mapping[str, Any]) -> None:
    shown = flat(printed(tree_of(component, example), width=200))

    assert [fact for fact in example["facts"] if fact not in shown] == []


@each_example
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("unicode", [True, False], ids=["unicode", "ascii"])
def test_no_line_is_wider_than_the_terminal(
    component: str, example: Mapping[str, Any], width: int, unicode: bool
) -> None:
    lines = printed(tree_of(component, example), width=width, unicode=unicode).splitlines()

    assert [line for line in lines if cell_len(line) > width] == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("unicode", [True, False], ids=["unicode", "ascii"])
def test_pages_look_as_they_did(page: str, width: int, unicode: bool) -> None:
    document = json.loads((GOLDEN / f"{page}.json").read_text(encoding="utf-8"))

    shown = printed_page(document, width=width, unicode=unicode)

    # After a wished-for change: `python -m contract.renderers.golden` writes them anew.
    assert shown == golden(page, width, unicode).read_text(encoding="utf-8")


def golden(page: str, width: int, unicode: bool) -> Path:
    """Where that page at that width is written down."""
    return GOLDEN / f"{page}-{width}-{'unicode' if unicode else 'ascii'}.txt"


def test_the_ascii_switch_leaves_no_mark_of_ours_beyond_ascii() -> None:
    shown = "".join(printed(tree_of(name, example), unicode=False) for name, example in EXAMPLES)
    theirs = "".join(str(example) for _, example in EXAMPLES)

    assert {c for c in shown if not c.isascii() and c not in theirs and c != "\u202f"} == set()


def test_a_state_is_told_by_glyph_and_word_and_not_by_colour_alone() -> None:
    for state, look in CATALOG.states.items():
        tree = {"root": {"type": "PhaseIndicator", "props": {"state": state}, "text": "x"}}
        assert printed(tree) == f"{look.glyph} {look.word}\n"
        assert printed(tree, unicode=False) == f"{look.ascii} {look.word}\n"


def test_colours_are_those_of_the_tokens() -> None:
    shown = printed({"root": {"type": "PhaseIndicator", "props": {"state": "failed"}}}, colour=True)

    assert shown == "\x1b[1;31m✗ Failed\x1b[0m\n"


@each_example
@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_is_obeyed(component: str, example: Mapping[str, Any], hostile: str) -> None:
    tree = tree_of(component, example)
    for element in tree.values():
        element["props"] = poisoned(element["props"], hostile)
        element["text"] = hostile

    shown = printed(tree)

    assert [c for c in shown if c != "\n" and (c < " " or "\x7f" <= c <= "\x9f")] == []
    assert not {"\u202e", "\u202c", "\u2028", "\ud800"} & set(shown)
    assert "can't be shown" not in shown


@pytest.mark.parametrize("attack", SHARED_ATTACKS, ids=range(len(SHARED_ATTACKS)))
def test_no_text_that_attacks_other_renderers_is_obeyed_either(attack: str) -> None:
    for component, elements in hostile_trees(attack):
        shown = printed(elements)
        assert [c for c in shown if c != "\n" and (c < " " or "\x7f" <= c <= "\x9f")] == [], component
        assert max(cell_len(line) for line in shown.splitlines()) <= 80, component


@pytest.mark.parametrize("case", degradations(), ids=lambda case: case.name)
def test_what_is_wrong_is_marked_as_in_every_renderer(case: Broken) -> None:
    shown = flat(printed(case.elements, case.root, width=120))

    assert [part for part in case.shows if part not in shown] == []
    assert [part for part in case.hides if part in shown] == []


@each_example
def test_whatever_stands_in_the_props_the_page_survives(component: str, example: Mapping[str, Any]) -> None:
    kinds: tuple[Any, ...] = (None, 7, "text", [], {}, [{}], {"rows": None})
    for junk in kinds:
        tree = tree_of(component, example)
        tree["root"]["props"] = dict.fromkeys(tree["root"]["props"], junk)
        page = {"page": {"type": "Page", "props": {"title": "Still here"}, "children": ["root"]}, **tree}

        assert "Still here" in printed(page, "page")


def poisoned(value: Any, hostile: str, name: str = "") -> Any:
    """The same shape with the hostile text in place of every text that people read."""
    if isinstance(value, dict):
        return {key: poisoned(inner, hostile, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [poisoned(inner, hostile, name) for inner in value]
    return hostile if isinstance(value, str) and name not in NOT_READ else value


NOT_READ = frozenset(
    {"state", "tone", "level", "zone", "type", "size", "gap", "dir", "kind", "order", "unit", "rel"}
)


def degraded() -> Iterator[tuple[str, dict[str, Any], tuple[str, ...]]]:
    inner = {"type": "Text", "props": {"value": "inside"}, "text": "inside"}
    told = {"text": "what it says", "children": ["in"]}
    yield "replaced", {"root": {"type": "Invalid", "props": {"component": "Gauge"}, **told}, "in": inner}, (
        "Gauge can't be shown", "what it says", "inside",
    )  # fmt: skip
    yield "unknown type", {"root": {"type": "Hologram", "props": {}, **told}, "in": inner}, (
        "Unsupported: Hologram", "what it says", "inside",
    )  # fmt: skip
    slots = {"slots": {"a": ["in"]}, "text": "with a slot"}
    yield (
        "unknown type with slots",
        {"root": {"type": "Hologram", "props": {}, **slots}, "in": inner},
        ("inside",),
    )
    yield "unknown prop", {"root": {"type": "Text", "props": {"value": "v", "sparkle": 1}}}, ("v",)
    yield "unknown state", {"root": {"type": "PhaseIndicator", "props": {"state": "melted"}}}, ("? melted",)
    yield "unknown tone", {"root": {"type": "Banner", "props": {"tone": "pink", "title": "t"}}}, ("t",)
    yield "renderer throws", {"root": {"type": "Text", "props": {}, "text": "what it says"}}, (
        "Text can't be shown", "what it says",
    )  # fmt: skip
    yield (
        "child missing",
        {"root": {"type": "Section", "props": {"title": "t"}, "children": ["gone"]}},
        ("t",),
    )
    yield "root missing", {}, ("can't be shown", "Try again")
    loop = {"type": "Section", "props": {"title": "again"}, "children": ["root"], "text": "a loop"}
    yield "cycle", {"root": loop}, ("again", "Section can't be shown", "a loop")
    deep = {f"s{n}": {"type": "Stack", "props": {}, "children": [f"s{n + 1}"]} for n in range(40)}
    yield (
        "too deep",
        {"root": {"type": "Stack", "props": {}, "children": ["s0"]}, **deep},
        ("Stack can't be shown",),
    )


@pytest.mark.parametrize(
    ("tree", "facts"), [pytest.param(tree, facts, id=name) for name, tree, facts in degraded()]
)
def test_what_can_not_be_shown_is_marked_and_never_silent(
    tree: dict[str, Any], facts: tuple[str, ...]
) -> None:
    shown = flat(printed(tree))

    assert [fact for fact in facts if fact not in shown] == []


def test_one_bad_row_leaves_the_table_its_others() -> None:
    rows = {
        "bad": {"type": "JobRow", "props": {"name": "bad"}, "text": "bad has no state"},
        "good": {"type": "JobRow", "props": {"name": "good", "state": "completed", "href": "/"}},
    }
    tree = {"root": {"type": "JobTable", "props": {"order": "name"}, "children": list(rows)}, **rows}

    shown = flat(printed(tree))

    assert "JobRow can't be shown bad has no state" in shown
    assert "Completed good" in shown


def test_the_command_behind_an_action_is_safe_to_paste() -> None:
    action = {"do": "job.run", "label": "Run", "args": {"job": "x; rm -rf ~"}}

    shown = printed({"root": {"type": "Empty", "props": {"title": "t", "kind": "none"}, "actions": [action]}})

    assert "rota run 'x; rm -rf ~'" in shown


def test_an_action_that_can_not_be_used_says_why() -> None:
    action = {"do": "run.cancel", "label": "Cancel", "args": {"run": "x.1"}, "disabled": "not_active"}

    shown = printed({"root": {"type": "Empty", "props": {"title": "t", "kind": "none"}, "actions": [action]}})

    assert "[Cancel] it has ended" in shown
    assert "rota cancel" not in shown


def test_a_page_names_the_zone_of_its_times() -> None:
    tree = {"root": {"type": "Page", "props": {"title": "Overview", "zone": "Europe/Berlin"}}}

    assert printed(tree).splitlines()[0] == "Overview times in Europe/Berlin"


@pytest.mark.parametrize("width", [20, *WIDTHS])
def test_a_job_table_of_long_names_keeps_to_the_width(width: int) -> None:
    rows = {
        f"r{n}": {"type": "JobRow", "props": {"name": "very-long-name-" * 6, "state": "failed", "href": "/"}}
        for n in range(3)
    }
    tree = {
        "root": {"type": "JobTable", "props": {"order": "name"}, "children": list(rows), "text": "3"},
        **rows,
    }

    assert max(cell_len(line) for line in printed(tree, width=width).splitlines()) <= width
