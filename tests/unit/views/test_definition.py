from __future__ import annotations

import json

import yaml
from hypothesis import given
from hypothesis import strategies as st

from rota.views.definition import as_yaml

SCHEMA = {
    "$defs": {
        "job": {"$ref": "#/$defs/settings"},
        "settings": {
            "properties": {
                "title": {},
                "run": {},
                "steps": {"items": {"$ref": "#/$defs/step"}},
                "env": {"additionalProperties": {"type": "string"}},
                "checks": {"oneOf": [{"additionalProperties": {"$ref": "#/$defs/step"}}, {}]},
            }
        },
        "step": {"properties": {"id": {}, "run": {}, "env": {}}},
    }
}


def shown(definition: object) -> str:
    return as_yaml(json.dumps(definition, sort_keys=True), SCHEMA)


def test_keys_stand_in_the_order_of_the_schema_at_every_depth() -> None:
    text = shown({"steps": [{"env": {"B": "1", "A": "2"}, "id": "dump", "run": "x"}], "title": "Backup"})

    assert text == ("title: Backup\nsteps:\n  - id: dump\n    run: x\n    env:\n      A: '2'\n      B: '1'\n")


def test_keys_below_names_that_people_chose_are_in_order_too() -> None:
    assert shown({"checks": {"disk": {"run": "x", "id": "y"}}}) == "checks:\n  disk:\n    id: y\n    run: x\n"


def test_a_text_of_many_lines_is_a_block() -> None:
    assert shown({"run": 'echo a\necho "b"\n'}) == 'run: |\n  echo a\n  echo "b"\n'


def test_a_short_list_stands_on_one_line() -> None:
    assert shown({"tags": ["a", "b"]}) == "tags: [a, b]\n"


def test_what_is_no_json_stays_as_it_is() -> None:
    assert as_yaml("no json", SCHEMA) == "no json"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "Z"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["run", "env", "x", "id"]), inner)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_it_reads_back_as_the_same(value: object) -> None:
    assert yaml.safe_load(shown({"title": value})) == {"title": value}
