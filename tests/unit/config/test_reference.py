"""The written reference of job files says what the schema says, and its examples are good."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from rota.config import daemon_config, defaults, jobfile
from rota.config.calendars import Calendars, NamedCalendar
from rota.config.folder import JobFile
from rota.config.parse import Surroundings
from rota.config.reference import rewritten, tables
from rota.config.schemas import load
from rota.core.triggers import DateSpan

DOCUMENT = (Path(__file__).parents[3] / "docs" / "job-files.md").read_text()
EXAMPLES = re.findall(r"```yaml(.*?)\n(.*?)```", DOCUMENT, re.DOTALL)
HOLIDAYS = NamedCalendar(dates=(DateSpan(first=date(2026, 12, 25), last=date(2026, 12, 26)),))
FILE = JobFile(path="/jobs/job.yaml", shown="job.yaml", relative="job.yaml", signature=(0, 0, 0, 0))


def test_the_tables_are_those_of_the_schema() -> None:
    """When this fails: PYTHONPATH=daemon python -m rota.config.reference docs/job-files.md"""
    assert rewritten(DOCUMENT) == DOCUMENT


def test_every_block_that_has_keys_has_its_table() -> None:
    blocks = {name for name, definition in load("job")["$defs"].items() if "properties" in definition}

    assert blocks - {"jobsFile", "checksItem"} == {
        name for schema, name in tables(DOCUMENT) if schema == "job"
    }
    assert ("config", "top") in set(tables(DOCUMENT))


@pytest.mark.parametrize(("kind", "text"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_is_what_it_claims_to_be(kind: str, text: str) -> None:
    match kind.strip():
        case "config":
            found = daemon_config.parse(text.encode(), "rota.yaml", Path("/etc/rota"))
            assert isinstance(found, daemon_config.DaemonConfig)
        case "defaults":
            assert defaults.read(text.encode(), "_defaults.yaml", defaults.NONE).problems == ()
        case _:
            surroundings = Surroundings(calendars=Calendars({"holidays": HOLIDAYS, "school": HOLIDAYS}))
            assert jobfile.read(text.encode(), FILE, defaults.NONE, surroundings).problems == ()
