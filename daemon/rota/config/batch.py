"""`batch`: what the children of a run have to do, and where their items come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rota.config.part import Part
from rota.config.work import check_script
from rota.core.batch import WrongItems, chunked
from rota.core.model import Batch, Command, ItemSource, Script
from rota.core.problems import Problem

Raw = Mapping[str, Any]

_MOST = Batch().max_items


def read_batch(raw: Raw, shell: tuple[str, ...]) -> Batch:
    """Of a job that fits the schema; its work is read as that of a step."""
    numbers = {key: int(raw[key]) for key in ("chunk", "at_once", "max_items", "tolerate") if key in raw}
    source = None if "items_from" not in raw else _source(raw["items_from"], shell)
    return Batch(items=tuple(raw.get("items", ())), source=source, **numbers)


def check_batch(data: Raw, part: Part, problems: list[Problem]) -> None:
    """What the schema can't see: more items than may be, items that no process can be given."""
    batch = data.get("batch", {})
    if "run" in batch:
        check_script(part, ["batch", "run"], batch["run"], problems)
    if "run" in batch.get("items_from", {}):
        check_script(part, ["batch", "items_from", "run"], batch["items_from"]["run"], problems)
    _check_items(batch, part, problems)


def _check_items(batch: Raw, part: Part, problems: list[Problem]) -> None:
    items, most = batch.get("items", []), int(batch.get("max_items", _MOST))
    if len(items) > most:
        message = f"there are {len(items)} items, and `max_items` is {most}"
        hint = f"write max_items: {len(items)}"
        problems.append(part.problem(["batch", "items"], message, hint).of_rule("batch"))
        return
    try:
        for _ in chunked(items, int(batch.get("chunk", 1))):
            pass
    except (WrongItems, TypeError, ValueError) as error:
        problems.append(part.problem(["batch", "items"], str(error)).of_rule("batch"))


def _source(raw: Raw, shell: tuple[str, ...]) -> ItemSource:
    if "run" in raw:
        return ItemSource(kind="command", work=Script(text=raw["run"], shell=shell))
    if "exec" in raw:
        return ItemSource(kind="command", work=Command(argv=tuple(str(item) for item in raw["exec"])))
    kind = "file" if "file" in raw else "glob"
    return ItemSource(kind=kind, path=raw[kind])
