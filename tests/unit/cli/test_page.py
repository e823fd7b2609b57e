from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fakes.daemon import ScriptedDaemon
from rota.cli.failure import NoDaemon
from rota.cli.main import rota
from rota.cli.outside import Outside
from rota.cli.page import Tree, fetch_tree, news, refreshed, speaks_unicode

OVERVIEW = "/api/v1/trees/overview"
SINCE = "/api/v1/trees/overview?since=7f3a91c2.{}"


def row(state: str, text: str) -> dict[str, Any]:
    return {
        "type": "JobRow",
        "props": {"name": "backup", "state": state, "href": "/jobs/backup"},
        "text": text,
    }


def snapshot(seq: int, state: str = "running") -> dict[str, Any]:
    elements = {
        "page": {"type": "Page", "props": {"title": "Overview"}, "children": ["row"]},
        "row": row(state, f"backup {state}"),
    }
    tree = {"epoch": "7f3a91c2", "seq": seq, "root": "page", "now": 0, "elements": elements}
    return {"t": "snapshot", "topic": "overview", "tree": tree}


def delta(base: int, *ops: dict[str, Any], n: int = 2) -> dict[str, Any]:
    return {
        "t": "delta", "topic": "overview", "epoch": "7f3a91c2",
        "base": base, "seq": base + 1, "n": n, "ops": ops,
    }  # fmt: skip


def ok(seq: int) -> dict[str, Any]:
    return {"t": "ok", "topic": "overview", "epoch": "7f3a91c2", "seq": seq}


def put(path: str, value: object) -> dict[str, Any]:
    return {"op": "add", "path": f"/elements/{path}", "value": value}


@pytest.fixture
def daemon() -> ScriptedDaemon:
    daemon = ScriptedDaemon()
    daemon.says(OVERVIEW, snapshot(3))
    return daemon


@pytest.fixture
def tree(daemon: ScriptedDaemon) -> Tree:
    return fetch_tree(daemon, "overview")


def test_nothing_new_is_the_same_tree(daemon: ScriptedDaemon, tree: Tree) -> None:
    daemon.says(SINCE.format(3), ok(3))

    assert refreshed(daemon, tree) is tree


def test_a_change_is_applied_to_the_tree_at_hand(daemon: ScriptedDaemon, tree: Tree) -> None:
    daemon.says(SINCE.format(3), delta(3, put("row/props/state", "failed")))

    after = refreshed(daemon, tree)

    assert (after.seq, after.elements["row"]["props"]["state"]) == (4, "failed")
    assert tree.elements["row"]["props"]["state"] == "running"


@pytest.mark.parametrize(
    "answer", [delta(1), delta(3, put("gone/props/x", 1)), delta(3, n=99)], ids=["gap", "nowhere", "count"]
)
def test_a_change_that_does_not_fit_is_answered_by_asking_for_the_whole(
    daemon: ScriptedDaemon, tree: Tree, answer: dict[str, Any]
) -> None:
    daemon.says(SINCE.format(3), answer)
    daemon.says(OVERVIEW, snapshot(9, "completed"))

    assert refreshed(daemon, tree).seq == 9


def test_another_daemon_sends_the_whole(daemon: ScriptedDaemon, tree: Tree) -> None:
    daemon.says(SINCE.format(3), snapshot(1))

    assert refreshed(daemon, tree).seq == 1


def test_only_another_state_is_news(daemon: ScriptedDaemon, tree: Tree) -> None:
    daemon.says(SINCE.format(3), delta(3, put("row/text", "backup running, 40 %")))
    moved = refreshed(daemon, tree)
    daemon.says(SINCE.format(4), delta(4, put("row", row("failed", "backup failed, exit 3"))))

    assert news(tree, moved) == []
    assert news(moved, refreshed(daemon, moved)) == ["backup failed, exit 3"]


def watched(daemon: ScriptedDaemon, *words: str, naps: int) -> Result:
    left = naps

    def wait(seconds: float) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt

    now = datetime(2026, 9, 24, tzinfo=UTC)
    world = Outside(connect=lambda path: daemon, now=lambda: now, wait=wait, zone=UTC)
    return CliRunner().invoke(rota, ["watch", *words], obj=world)


def test_watch_without_a_terminal_prints_the_page_and_then_a_line_for_each_change(
    daemon: ScriptedDaemon,
) -> None:
    daemon.says(SINCE.format(3), ok(3), delta(3, put("row", row("failed", "backup failed, exit 3"))))
    daemon.says(SINCE.format(4), ok(4))

    result = watched(daemon, naps=4)

    assert result.exit_code == 130
    assert result.stdout.startswith("Overview")
    assert result.stdout.splitlines()[-1] == "backup failed, exit 3"


def test_watch_outlives_a_restart_of_the_daemon(daemon: ScriptedDaemon) -> None:
    daemon.says(SINCE.format(3), NoDaemon("no daemon answers at x"), snapshot(1, "failed"))
    daemon.says(SINCE.format(1), ok(1))

    result = watched(daemon, naps=5)

    assert "no daemon answers at x; waiting for it" in result.stderr
    assert result.stdout.splitlines()[-1] == "backup failed"


@pytest.mark.parametrize(
    ("environ", "unicode"),
    [
        ({"LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "ja_JP.UTF-8"}, False),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, False),
        ({"ROTA_ASCII": "1"}, False),
    ],
)
def test_marks_beyond_ascii_are_used_where_they_take_one_cell(environ: dict[str, str], unicode: bool) -> None:
    assert speaks_unicode(environ) is unicode
