"""The guide to the daemon's code names what is really there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rota.core.lifecycle import TRANSITIONS

DAEMON = Path(__file__).parents[2] / "daemon"
DOCUMENT = (DAEMON / "README.md").read_text(encoding="utf-8")
FILES = sorted(set(re.findall(r"`([\w/]+\.py)`", DOCUMENT)))


def states() -> str:
    """The table between the marks, from the transitions that the code allows."""
    rows = ["| From | To |", "| --- | --- |"]
    for state, following in TRANSITIONS.items():
        # In the order of the states, as sets have none.
        after = [f"`{each}`" for each in TRANSITIONS if each in following]
        rows.append(f"| `{state}` | {', '.join(after) or 'nothing: it is final'} |")
    return "\n".join(rows)


def test_the_table_of_states_is_that_of_the_life_of_a_run() -> None:
    _, _, rest = DOCUMENT.partition("<!-- states -->\n")
    table, _, _ = rest.partition("\n<!-- end -->")

    assert table == states()


def test_every_room_is_in_the_guide() -> None:
    rooms = {marker.parent.name for marker in (DAEMON / "rota").glob("*/__init__.py")}

    assert rooms <= set(re.findall(r"^\| `(\w+)` \|", DOCUMENT, re.MULTILINE))


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_guide_is_there(name: str) -> None:
    assert (DAEMON / "rota" / name).is_file()
