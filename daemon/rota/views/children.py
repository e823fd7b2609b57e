"""The children of a batch on the page of their parent: how many are where, and one page of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rota.core.run import Children, Run, RunState
from rota.core.seams import RunPage
from rota.core.templates import as_text
from rota.views.facts import Fact, key_value
from rota.views.ids import run_path
from rota.views.run_table import run_row, total_text
from rota_catalog.tree import Node, clip

STATES = ("failed", "running", "completed", "cancelled")  # by which they can be listed
SHOWN = 25

_STATES_OF: Mapping[str, frozenset[RunState]] = {
    "failed": frozenset({RunState.FAILED}),
    "running": frozenset({RunState.PENDING, RunState.RUNNING, RunState.RETRYING}),
    "completed": frozenset({RunState.COMPLETED, RunState.SKIPPED}),
    "cancelled": frozenset({RunState.CANCELLED}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildrenView:
    """One page of those that have begun; `state` and `before` are what it was asked for by."""

    page: RunPage
    state: str = ""
    before: str = ""


def states_of(name: str) -> frozenset[RunState]:
    """The states of a list that STATES names; of any other all."""
    return _STATES_OF.get(name, frozenset())


def children_section(run: Run, view: ChildrenView, zone: str) -> Node | None:
    """None for a run that has no children."""
    if run.children is None:
        return None
    counts = key_value("children.counts", _counts(run, run.children))
    props: dict[str, object] = {"title": "Children", "count": run.children.total}
    if view.state:
        props["note"] = f"only {view.state} ones"
    return Node(type="Section", id="children", props=props, children=[counts, _table(run, view, zone)])


def items_facts(run: Run) -> list[Fact]:
    """What a child works on."""
    if len(run.items) == 1:
        return [{"key": "Item", "value": clip(as_text(run.items[0]), 2000), "copy": True}]
    return [{"key": "Items", "value": clip(as_text(list(run.items)), 2000), "copy": True}]


def _counts(run: Run, children: Children) -> list[Fact]:
    numbers = {
        "Pending": children.pending,
        "Running": children.running,
        "Completed": children.completed,
        "Failed": children.failed,
        "Cancelled": children.cancelled,
    }
    return [_count(run, name, value) for name, value in numbers.items() if value or name != "Cancelled"]


def _count(run: Run, name: str, value: int) -> Fact:
    fact: dict[str, object] = {"key": name, "value": value}
    if value and name.lower() in STATES:
        fact["href"] = _path(run, state=name.lower())
    return fact


def _table(run: Run, view: ChildrenView, zone: str) -> Node:
    page = view.page
    props = {"rows": [_row(child) for child in page.runs], "total": page.total, "zone": zone}
    props["noteLabel"] = "Items" if any(len(child.items) > 1 for child in page.runs) else "Item"
    text = f"{len(page.runs)} of {total_text(page)} children"
    links = []
    if view.state:
        links.append(_link("all", "All children", _path(run), "up"))
    if view.before:
        links.append(_link("newest", "Newest children", _path(run, state=view.state), "prev"))
    if page.next_cursor is not None:
        older = _path(run, state=view.state, before=page.next_cursor)
        links.append(_link("older", "Older children", older, "next"))
    pager = Node(type="Stack", id="children.pager", props={"dir": "row"}, children=links)
    slots = {"pager": [pager]} if links else {}
    return Node(type="RunTable", id="children.table", props=props, slots=slots, text=text)


def _row(child: Run) -> Mapping[str, object]:
    row = dict(run_row(child))
    row.pop("trigger", None)  # their parent, as of all
    row.pop("scheduledAt", None)
    item = clip(as_text(child.items[0] if len(child.items) == 1 else list(child.items)), 200)
    note = row.get("note")
    return row | {"note": clip(f"{item}: {note}" if note else item, 500)}


def _path(run: Run, **query: str) -> str:
    return run_path(run.id, **query) + "#h-children"


def _link(name: str, label: str, href: str, rel: str) -> Node:
    return Node(
        type="Link", id=f"children.{name}", props={"label": label, "href": href, "rel": rel}, text=label
    )
