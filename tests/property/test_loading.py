"""Whatever lies in a job directory is jobs with due instants, or problems with places; nothing is raised."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.config import yaml12
from rota.config.checker import Shape, checker, errors_in
from rota.config.quick import prover
from rota.config.schemas import load
from whole_path import load_whole

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
BROKEN: list[str] = [
    case["file"]
    for path in sorted((ROOT / "tests" / "data" / "broken").glob("*.yaml"))
    for case in yaml.load(path.read_text(), LOADER)
]
GOOD = [path.read_text() for path in sorted((ROOT / "jobs.d").glob("*.yaml"))]
DEFS = load("job")["$defs"]
PROOF = prover(DEFS["job"], DEFS)
PROPERTIES: dict[str, dict[str, Any]] = DEFS["settings"]["properties"]
BLOCKS: dict[str, dict[str, Any]] = {
    name: definition["properties"] for name, definition in DEFS.items() if "properties" in definition
}
TOKENS = st.sampled_from(
    [
        *(
            ": ",
            "- ",
            "\n",
            "  ",
            "\t",
            "{",
            "}",
            "[",
            "]",
            "'",
            '"',
            "|",
            ">",
            "&a ",
            "*a",
            "!x ",
            "#",
            "---\n",
        ),
        *(
            "\r\n",
            "\x00",
            "\ufeff",
            "\u2028",
            "é",
            "{{",
            "}}",
            "0",
            "-1",
            "1e400",
            "null",
            "true",
            "yes",
            "~",
        ),
        *(f"{key}: " for key in PROPERTIES),
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good or a broken file after a few careless edits."""
    text = draw(st.sampled_from(GOOD + BROKEN))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.integers(0, 12)))
        text = text[:begin] + draw(TOKENS | st.just("") | st.text(max_size=3)) + text[end:]
    return text


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from([each for schema in PROPERTIES.values() for each in schema.get("examples", ())]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.sampled_from(sorted(PROPERTIES)), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs")


@given(st.binary(max_size=300))
def test_random_bytes_are_loaded(folder: Path, content: bytes) -> None:
    load_whole(folder, content, NOW)


@given(mutated())
@settings(max_examples=200)
def test_files_after_careless_edits_are_loaded(folder: Path, text: str) -> None:
    load_whole(folder, text.encode("utf-8", "surrogatepass"), NOW)


@given(st.sampled_from(sorted(PROPERTIES)), VALUES)
@settings(max_examples=200)
def test_anything_below_each_key_is_loaded(folder: Path, key: str, value: object) -> None:
    content = yaml.safe_dump({"run": "x", key: value}, allow_unicode=True)

    load_whole(folder, content.encode("utf-8", "surrogatepass"), NOW)


@given(st.sampled_from(sorted(BLOCKS)), st.data())
@settings(max_examples=200)
def test_anything_below_each_key_of_each_block_is_loaded(
    folder: Path, block: str, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(BLOCKS[block])))
    examples = {name: each["examples"][0] for name, each in BLOCKS[block].items() if "examples" in each}
    holding = [name for name, each in PROPERTIES.items() if block in str(each)] or sorted(PROPERTIES)
    part = {**data.draw(st.fixed_dictionaries({}, optional={k: st.just(v) for k, v in examples.items()}))}
    part[key] = data.draw(VALUES)
    job = {"run": "x", data.draw(st.sampled_from(holding)): part}

    load_whole(folder, yaml.safe_dump(job, allow_unicode=True).encode("utf-8", "surrogatepass"), NOW)


@pytest.mark.parametrize("text", BROKEN)
def test_the_corpus_is_loaded_whole(folder: Path, text: str) -> None:
    load_whole(folder, text.encode(), NOW)


@given(mutated())
@settings(max_examples=150)
def test_the_quick_proof_and_the_validator_agree_on_what_lies_near_good_files(text: str) -> None:
    data = yaml12.read(text.encode("utf-8", "surrogatepass"), "job.yaml").data

    agree(data)


def test_the_quick_proof_and_the_validator_agree_over_the_corpus() -> None:
    for text in BROKEN + GOOD:
        agree(yaml12.read(text.encode(), "job.yaml").data)


def agree(data: object) -> None:
    is_valid = checker(Shape.JOB).is_valid(data)

    assert is_valid == (not errors_in(data))
    assert is_valid or not PROOF(data)
