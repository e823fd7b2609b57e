"""Importers: no text makes them raise, and what they make names the instants that the source named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from cronsim import CronSim
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rota.core.cron import parse
from rota.importing import crontab, jobconfig, timers, yacron
from rota.importing.found import Entry, Found
from rota.importing.jobtext import job_files

START = datetime(2026, 1, 1, tzinfo=UTC)

PIECES = st.sampled_from(
    ["0 2 * * * ", "@daily ", "root ", "a%b", "\\%", "A=b", "# x", "\n", " ", "'", "~", "-", "x", "é", "\t",
     "[Timer]\n", "OnCalendar=", "daily", "*-*-* ", "02:00", "[Service]\n", "ExecStart=", "/bin/a ", "$",
     "${A}", "%n", '"', "\\", "jobs:\n", "- name: a\n", "  command: b\n", "  schedule: ", "{", "}", ":",
     "\x00", "*/0", "1"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join))


@given(text=TEXTS)
@settings(deadline=None)
def test_no_text_makes_an_importer_raise(text: str) -> None:
    found = [
        crontab.read(text),
        crontab.read(text, has_user=True, timezone="Europe/Berlin"),
        yacron.read(text),
        jobconfig.read(text),
        *timers.read([("x.timer", text)]),
    ]

    for each in found:
        for file in job_files(each, "text"):
            assert isinstance(yaml.safe_load(file.text), dict)


@st.composite
def fields(draw: st.DrawFn, low: int, high: int) -> str:
    """A field of a crontab as Vixie cron takes it."""
    terms = []
    for _ in range(draw(st.integers(1, 2))):
        begin = draw(st.integers(low, high))
        end = draw(st.integers(min(begin + 1, high), high))
        step = draw(st.integers(1, 9))
        ranges = [f"{begin}-{end}", f"{begin}-{end}/{step}"] if begin < end else []
        terms.append(draw(st.sampled_from([str(begin), *ranges])))
    return draw(st.sampled_from(["*", f"*/{draw(st.integers(1, 12))}", ",".join(terms)]))


EXPRESSIONS = st.builds(
    lambda *parts: " ".join(parts),
    st.integers(0, 59).map(str), fields(0, 23), fields(1, 28), fields(1, 12), fields(0, 6),
)  # fmt: skip


@given(expression=EXPRESSIONS)
@settings(deadline=None, max_examples=60)
def test_a_crontab_line_is_due_when_cron_would_run_it(expression: str) -> None:
    found = crontab.read(f"{expression} a\n")
    assume(found.entries)  # the others are listed with a reason
    cron = parse(found.entries[0].keys["schedule"]["cron"])

    ours = (each.at for each in cron.occurrences(START, ZoneInfo("UTC")))

    until = START + timedelta(days=366)
    assert list(takewhile(lambda at: at <= until, islice(ours, 300))) == list(
        takewhile(lambda at: at <= until, islice(CronSim(expression, START), 300))
    )


SCALARS = st.one_of(st.booleans(), st.integers(-5, 99999), st.text(max_size=30))
KEYS = st.text(alphabet="abcxyz_0", min_size=1, max_size=6)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(
    keys=st.dictionaries(
        st.sampled_from(["run", "exec", "cron", "every", "title", "env"]), VALUES, max_size=4
    )
)
def test_whatever_is_written_is_read_again(keys: dict[str, Any]) -> None:
    entry = Entry(line=1, text="x", name="x", keys=keys)
    (file,) = job_files(Found(entries=(entry,)), "test")

    assert (yaml.safe_load(file.text) or {}) == keys
