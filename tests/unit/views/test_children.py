"""A parent's page counts its children and lists some of them; a child's page leads to its parent."""

from __future__ import annotations

from collections.abc import Sequence

from fakes.jobs import a_job
from fakes.views import NOW, a_board, a_run, an_ended_run, checked
from rota.core.changed import changed
from rota.core.run import Children, Progress, Reason, Run, RunState, TriggeredBy
from rota.core.seams import RunPage
from rota.views.attention import failure
from rota.views.children import ChildrenView, states_of
from rota.views.run import RunView, run_page
from rota_catalog.tree import Document

COUNTS = Children(pending=5, running=2, completed=90, failed=3)


def a_child(place: int, state: RunState = RunState.FAILED, *items: object) -> Run:
    run = an_ended_run(state, message="exit code 3")
    return changed(
        run, parent=12, number=place, items=items or (f"file {place}",), triggered_by=TriggeredBy.BATCH
    )


def the_page(run: Run, children: Sequence[Run] = (), *, cursor: str | None = None, **asked: str) -> Document:
    listed = RunPage(runs=children, total=100, next_cursor=cursor)
    view = RunView(
        run=run,
        entry=a_board(a_job("backup")).jobs["backup"],
        attempt=None,
        log=None,
        children=ChildrenView(page=listed, **asked),
    )
    return checked(run_page(f"run/{run.id}", view, now=NOW))


def test_numbers_lead_to_the_children_that_they_count() -> None:
    run = changed(a_run(number=12), children=COUNTS)

    facts = the_page(run).elements["children.counts"]["props"]["rows"]

    assert [(fact["key"], fact["value"]) for fact in facts] == [
        ("Pending", 5),
        ("Running", 2),
        ("Completed", 90),
        ("Failed", 3),
    ]
    assert facts[3]["href"] == "/runs/backup.12?state=failed#h-children"
    assert "href" not in facts[0]


def test_children_are_rows_with_their_items() -> None:
    run = changed(a_run(number=12), children=COUNTS)

    page = the_page(run, [a_child(7), a_child(6, RunState.COMPLETED, "a", {"n": 1})])

    rows = page.elements["children.table"]["props"]["rows"]
    assert [row["href"] for row in rows] == ["/runs/backup.12.7", "/runs/backup.12.6"]
    assert rows[0]["note"] == "file 7: exit code 3"
    assert rows[1]["note"].startswith('["a",{"n":1}]')


def test_pages_of_children_keep_the_state_that_was_asked_for() -> None:
    run = changed(a_run(number=12), children=COUNTS)

    page = the_page(run, [a_child(7)], cursor="4.5", state="failed", before="9.9")

    assert page.elements["children"]["props"]["note"] == "only failed ones"
    assert page.elements["children.older"]["props"]["href"] == (
        "/runs/backup.12?state=failed&before=4.5#h-children"
    )
    assert page.elements["children.all"]["props"]["href"] == "/runs/backup.12#h-children"


def test_a_child_leads_to_its_parent_and_shows_its_item() -> None:
    page = the_page(a_child(7))

    assert page.elements["page"]["props"]["back"] == {"label": "backup.12", "href": "/runs/backup.12"}
    assert page.elements["items.facts"]["props"]["rows"][0]["value"] == "file 7"
    retry = page.elements["page"]["actions"][0]
    assert (retry["do"], retry["disabled"]) == ("run.retry", "child")


def test_a_state_that_is_none_lists_all() -> None:
    assert states_of("") == states_of("nonsense") == frozenset()
    assert RunState.RETRYING in states_of("running")


def test_a_batch_says_where_its_children_are_and_has_no_log_where_nothing_was_searched() -> None:
    told = "5 pending, 2 running, 90 completed, 3 failed"
    progress = Progress(current=93, total=100, text=told)
    page = the_page(changed(a_run(number=12), children=COUNTS, message=told, progress=progress), [a_child(7)])

    assert "log" not in page.elements
    assert page.elements["phase"]["props"]["reason"] == told
    assert page.elements["progress"]["props"]["stepText"] == "2 running, 3 failed"
    assert page.elements["progress"]["props"]["current"] == 93
    assert page.elements["children.table"]["props"]["noteLabel"] == "Item"


def test_an_alert_of_a_batch_shows_nothing_of_the_log_of_its_search() -> None:
    run = an_ended_run(RunState.FAILED, reason=Reason.CHILDREN, message="of 2 children 1 failed: backup.12.1")

    alert = failure("alert", "Backup", run, ["2 items"])

    assert "lastLines" not in alert.props
    assert "logHref" not in alert.props
