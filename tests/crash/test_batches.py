"""The daemon dies again and again inside one run of a batch: no item is lost, and none is worked on twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crash.deaths import die_at_each
from daemon_process import DaemonProcess
from eventually import eventually

DEATHS = [
    "store.save_chunks:after:1",
    "store.add_children:after:1",
    "runner.start:after:2",
    "store.save:before:3",
]
ITEMS = 24
JOB = """
retry: {{attempts: 2, delay: 0}}
batch:
  items_from: {{run: "until [ -e {folder}/go ]; do sleep 0.02; done; seq 1 {items}"}}
  run: echo "$ITEM.$ROTA_ATTEMPT" >> {folder}/witness; sleep 0.1; [ $ITEM != 5 ]
  at_once: 3
"""


@pytest.mark.timeout(600)
def test_each_item_is_worked_on_exactly_once(daemon: DaemonProcess, tmp_path: Path) -> None:
    daemon.start()
    daemon.load("import", JOB.format(folder=tmp_path, items=ITEMS))
    run = daemon.run("import")
    eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["state"] == "running")
    daemon.kill9()

    (tmp_path / "go").touch()
    die_at_each(daemon, DEATHS)
    daemon.start()
    ended = daemon.ended(run, within=60)

    worked = sorted((tmp_path / "witness").read_text().split(), key=_place)
    expected = [f"{item}.1" for item in range(1, ITEMS + 1)]
    expected.insert(5, "5.2")
    assert worked == expected
    assert (ended["state"], ended["message"]) == ("failed", f"of {ITEMS} children 1 failed: {run}.5")
    counts = {"total": ITEMS, "pending": 0, "running": 0, "completed": ITEMS - 1, "failed": 1, "cancelled": 0}
    assert ended["children"] == counts

    retried = json.loads(daemon.rota("retry", run, "--failed-only", "--json").stdout)
    again = daemon.ended(retried["id"], within=60)
    assert (again["retryOf"], again["children"]["total"]) == (run, 1)
    assert (tmp_path / "witness").read_text().split()[-2:] == ["5.1", "5.2"]
    daemon.end()


def _place(line: str) -> tuple[int, str]:
    item, _, attempt = line.partition(".")
    return int(item), attempt
