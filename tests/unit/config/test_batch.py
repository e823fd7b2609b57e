"""`batch` from a job as written to its value."""

from __future__ import annotations

import pytest

from rota.config import yaml12
from rota.config.parse import Surroundings, parse
from rota.config.part import Part
from rota.core.model import MAIN, Batch, Command, ItemSource, JobSpec, Script, Source


def spec(text: str) -> JobSpec:
    document = yaml12.read(text.encode(), "job.yaml")
    part = Part(data=document.data, places=document.places)
    found = parse("import", part, Source(file="job.yaml", line=1), Surroundings())
    assert found.spec is not None, found.problems
    return found.spec


def test_items_and_work_of_a_batch_with_every_default() -> None:
    found = spec("shell: sh\nbatch:\n  items: [a, 2, true, {name: app}]\n  run: echo $ITEM\n")

    assert found.batch == Batch(items=("a", 2, True, {"name": "app"}))
    assert found.steps[0].id == MAIN
    assert found.steps[0].work == Script(text="echo $ITEM", shell=("sh", "-e", "-c"))
    assert not found.has_steps


def test_every_number_of_a_batch() -> None:
    written = "batch: {items: [a], run: x, chunk: 10, at_once: 8, max_items: 1000, tolerate: 2}"

    found = spec(written).batch

    assert found == Batch(items=("a",), chunk=10, at_once=8, max_items=1000, tolerate=2)


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ("{exec: [ls, /srv]}", ItemSource(kind="command", work=Command(argv=("ls", "/srv")))),
        ("{file: items.txt}", ItemSource(kind="file", path="items.txt")),
        ('{glob: "/srv/*.csv"}', ItemSource(kind="glob", path="/srv/*.csv")),
    ],
)
def test_where_items_come_from(written: str, source: ItemSource) -> None:
    found = spec(f"batch: {{items_from: {written}, exec: [echo, '{{{{ item }}}}']}}").batch

    assert found == Batch(source=source)
