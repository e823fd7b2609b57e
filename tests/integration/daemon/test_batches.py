"""A batch with a real daemon: from the job file to children, their logs, lists and pages, and a retry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon_process import DaemonProcess
from eventually import eventually

EXPORT = """
concurrency: {max: 2, overlap: queue}
batch:
  items_from: {file: items.json}
  exec: [sh, -c, 'echo "$0 for $ROTA_RUN"; [ "$ITEM_NAME" != bad ]', "{{ item.name }}"]
"""
PATHS = """
cwd: /
batch:
  items_from: {glob: "FOLDER/in/*.csv"}
  chunk: 2
  python: {callable: "json:dumps", args: {obj: "{{ items }}"}}
"""
LONG = """
batch:
  items: [a, b, c, d, e]
  at_once: 2
  run: sleep 60
"""
WRONG = {
    "many": (
        "batch: {items_from: {run: 'seq 1 9'}, max_items: 5, run: 'true'}",
        "more than 5 items (max_items)",
    ),
    "broken": ("batch: {items_from: {run: 'echo a; exit 4'}, run: 'true'}", "its items: exit code 4"),
    "missing": ("batch: {items_from: {file: /nowhere/x}, run: 'true'}", "/nowhere/x"),
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    folder = tmp_path_factory.mktemp("batches")
    with DaemonProcess(folder) as daemon:
        yield daemon


def test_a_batch_from_its_file_to_its_page(daemon: DaemonProcess, tmp_path: Path) -> None:
    items = [{"name": "app"}, {"name": "bad"}, {"name": "crm"}]
    (tmp_path / "items.json").write_text(json.dumps(items))
    daemon.load("export", f"cwd: {tmp_path}\n{EXPORT}")
    run = daemon.ended(daemon.run("export"))

    assert (run["state"], run["reason"]) == ("failed", "children")
    assert run["message"] == f"of 3 children 1 failed: {run['id']}.2"
    assert run["progress"]["percent"] == 100
    found = daemon.get(f"/api/v1/runs?parent={run['id']}&state=failed")
    assert [(child["id"], child["parent"], child["items"]) for child in found["runs"]] == [
        (f"{run['id']}.2", run["id"], [{"name": "bad"}])
    ]
    assert daemon.lines(f"{run['id']}.1") == [f"app for {run['id']}.1"]
    assert daemon.get("/api/v1/jobs/export/runs")["total"] == 1
    page = daemon.exchange("GET", f"/runs/{run['id']}?state=failed")[2]
    assert f'href="/runs/{run["id"]}.2"' in page
    assert f'href="/runs/{run["id"]}.1"' not in page
    child = daemon.exchange("GET", f"/runs/{run['id']}.2")[2]
    assert f'href="/runs/{run["id"]}"' in child
    assert "can't be shown" not in page + child
    status, problem = daemon.request("POST", f"/api/v1/runs/{run['id']}.2/retry", {})
    assert (status, problem["reason"]) == (409, "child")
    listed = daemon.rota("runs", run["id"]).stdout
    assert f"{run['id']}.3" in listed


def test_paths_that_fit_a_pattern_are_items_in_order(daemon: DaemonProcess, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("b.csv", "a.csv", "c.csv", "d.txt"):
        (tmp_path / "in" / name).touch()
    daemon.load("paths", PATHS.replace("FOLDER", str(tmp_path)))
    run = daemon.ended(daemon.run("paths"))

    assert run["message"] == "all 2 children completed"
    found = daemon.get(f"/api/v1/runs?parent={run['id']}")["runs"]
    names = {child["number"]: [Path(item).name for item in child["items"]] for child in found}
    assert names == {1: ["a.csv", "b.csv"], 2: ["c.csv"]}


@pytest.mark.parametrize("job", WRONG)
def test_items_that_can_not_be_had_fail_the_run_with_the_reason(daemon: DaemonProcess, job: str) -> None:
    text, message = WRONG[job]
    daemon.load(job, text)
    run = daemon.ended(daemon.run(job))

    assert run["state"] == "failed"
    assert message in run["message"]
    assert "children" not in run


def test_a_cancel_ends_parent_and_children(daemon: DaemonProcess) -> None:
    daemon.load("long", LONG)
    run = daemon.run("long")
    eventually(lambda: daemon.get(f"/api/v1/runs/{run}").get("children", {}).get("running") == 2)

    told = json.loads(daemon.rota("ps", run, "--json").stdout)
    assert [each["run"] for each in told] == [f"{run}.1", f"{run}.2"]
    assert all("sleep 60" in each["processes"][-1]["command"] for each in told)

    daemon.rota("cancel", run)
    ended = daemon.ended(run)

    assert (ended["state"], ended["children"]["cancelled"]) == ("cancelled", 5)
    assert daemon.get(f"/api/v1/runs?parent={run}")["total"] == 2
