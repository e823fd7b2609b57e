"""What editors and other programs rely on: names, versions, and that nothing valid ever becomes invalid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from rota.config.schemas import PUBLISHED, catalog, load, published, version
from rota.config.validation import validate

STABLE = Path(__file__).parents[2] / "data" / "stable-1.0"
FILES = sorted((STABLE / "jobs.d").glob("*.yaml"))


def keys_of(schema: Any, block: str = "settings") -> set[str]:
    """Every key that a file may have, as `block.key`; a block is a definition, or a key with a map in it."""
    if not isinstance(schema, dict):
        return {key for each in schema for key in keys_of(each, block)} if isinstance(schema, list) else set()
    found = {f"{block}.{key}" for key in schema.get("properties", {})}
    for name, part in schema.items():
        for inner, each in part.items() if name in ("properties", "$defs") else [(block, part)]:
            found |= keys_of(each, inner)
    return found


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_schema_has_a_version_and_stands_alone(name: str) -> None:
    schema = published(name)

    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:rota:schema:{name}:{version(name)}"
    assert version(name).partition(".")[0] == "1"


def test_the_schema_of_defaults_takes_what_a_job_may_lack() -> None:
    defaults = Draft202012Validator(published("defaults"))

    assert defaults.is_valid({"retry": {"attempts": 2}})
    assert not defaults.is_valid({"rerty": {"attempts": 2}})
    assert not Draft202012Validator(published("job")).is_valid({"retry": {"attempts": 2}})


def test_the_catalog_tells_job_files_from_their_defaults() -> None:
    job, defaults, config = catalog("https://rota.example.org/")["schemas"]

    assert job["url"] == "https://rota.example.org/schemas/job"
    assert job["versions"] == {version("job"): job["url"]}
    assert "**/jobs.d/**/*.yaml" in job["fileMatch"]
    assert "!**/_defaults.yaml" in job["fileMatch"]
    assert "**/jobs.d/**/_defaults.yaml" in defaults["fileMatch"]
    assert "**/rota.yaml" in config["fileMatch"]


def test_files_of_version_1_0_are_valid_for_good() -> None:
    found = validate([STABLE / "jobs.d"])

    assert [str(problem) for problem in found.problems if problem.severity == "error"] == []
    assert len(found.jobs) >= len(FILES) - 1


@pytest.mark.parametrize("name", ["job", "config"])
def test_no_key_of_version_1_0_has_gone(name: str) -> None:
    known = set((STABLE / f"{name}-keys.txt").read_text(encoding="utf-8").split())

    assert known - keys_of(load("job" if name == "job" else "config")) == set()


def test_the_stable_files_use_every_key_of_a_job() -> None:
    used: set[str] = set()
    for file in FILES:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        for job in data["jobs"].values() if "jobs" in data else [data]:
            used |= set(job)

    known = (STABLE / "job-keys.txt").read_text(encoding="utf-8").split()
    assert {key.partition(".")[2] for key in known if key.startswith("settings.")} - used == set()
